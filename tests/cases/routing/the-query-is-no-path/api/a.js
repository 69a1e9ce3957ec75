export default (req) => ({ from: 'a', params: req.params })
