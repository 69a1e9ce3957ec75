export default (req) => ({ from: 'user', params: req.params })
