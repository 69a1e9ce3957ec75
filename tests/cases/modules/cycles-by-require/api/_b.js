exports.name = 'b'
exports.sawA = require('./_a').name
