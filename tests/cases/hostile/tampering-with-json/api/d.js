export default (req) => [req.query, req.body, req.params]
