module.exports = (req) => {
  try { return require('./_' + req.query.name) } catch (e) { return [e instanceof Error, e.message.includes('_none')] }
}
