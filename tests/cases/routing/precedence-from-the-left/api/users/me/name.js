export default (req) => ({ from: 'me', params: req.params })
