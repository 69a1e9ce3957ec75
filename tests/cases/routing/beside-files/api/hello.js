export default (req) => ({ from: 'hello', params: req.params })
