export default function (req) { return { hello: req.query.name } }
