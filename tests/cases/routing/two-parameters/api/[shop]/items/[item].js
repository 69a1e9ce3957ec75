export default (req) => ({ from: 'item', params: req.params })
