export default (req) => req.user
