export default (req) => req.ip
