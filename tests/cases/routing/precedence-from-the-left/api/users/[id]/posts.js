export default (req) => ({ from: 'posts', params: req.params })
