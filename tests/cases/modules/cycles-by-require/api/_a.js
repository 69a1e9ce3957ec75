exports.name = 'a'
exports.sawB = require('./_b').name
