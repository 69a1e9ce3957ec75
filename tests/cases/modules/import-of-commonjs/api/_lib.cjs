exports.name = 'lib'
exports.twice = (n) => n * 2
