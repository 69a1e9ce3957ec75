const depth = (n) => n === 0 ? 0 : 1 + depth(n - 1)
export default (req) => depth(Number(req.query.n))
