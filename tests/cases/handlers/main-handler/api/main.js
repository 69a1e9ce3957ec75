export default (req) => 'main ' + req.path
