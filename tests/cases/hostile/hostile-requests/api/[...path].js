export default (req) => [req.path, Object.keys(req.query).length, typeof req.body]
