export default (req) => new Response('standard ' + req.method)
