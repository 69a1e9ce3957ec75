export default (req) => ({ headers: { 'x-method': req.method } })
