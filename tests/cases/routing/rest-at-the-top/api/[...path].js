export default (req) => ({ from: 'rest', params: req.params })
