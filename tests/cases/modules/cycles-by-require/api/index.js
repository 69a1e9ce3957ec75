const a = require('./_a')
module.exports = () => [a.name, a.sawB, require('./_b').sawA]
