export default (req) => [typeof req.body, req.body]
