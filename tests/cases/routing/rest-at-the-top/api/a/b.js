export default (req) => ({ from: 'b', params: req.params })
