export default (req) => ({ from: 'main', params: req.params })
