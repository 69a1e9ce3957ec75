export default (req) => ({ from: 'docs', params: req.params })
