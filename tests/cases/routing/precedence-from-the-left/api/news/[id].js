export default (req) => ({ from: 'news', params: req.params })
