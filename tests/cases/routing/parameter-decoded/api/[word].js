export default (req) => ({ from: 'word', params: req.params })
