export default (req) => ({ from: 'team', params: req.params })
