export default (req) => req.path
