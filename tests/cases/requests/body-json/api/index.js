export default (req) => ({ type: typeof req.body, body: req.body, again: req.json(), text: req.text() })
