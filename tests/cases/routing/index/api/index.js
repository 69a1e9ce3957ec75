export default (req) => ({ from: 'top', params: req.params })
