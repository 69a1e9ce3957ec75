export default (req) => ({ headers: { 'x-id': req.id }, body: String(req.id !== fazt.last && (fazt.last = req.id, true)) })
