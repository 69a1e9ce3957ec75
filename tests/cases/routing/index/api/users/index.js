export default (req) => ({ from: 'users', params: req.params })
