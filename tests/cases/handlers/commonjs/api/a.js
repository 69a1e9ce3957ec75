module.exports = (req) => 'a ' + req.method
