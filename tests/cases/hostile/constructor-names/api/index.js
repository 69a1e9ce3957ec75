export default (req) => [Object.keys(req.query).sort(), Object.keys(req.body).sort(), ({}).polluted ?? 'clean', req.body.a?.polluted ?? 'clean']
