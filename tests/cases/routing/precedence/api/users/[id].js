export default (req) => ({ from: 'id', params: req.params })
