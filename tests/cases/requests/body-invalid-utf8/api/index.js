export default (req) => ({ text: [...req.text()].map((c) => c.codePointAt(0)), bytes: [...req.bytes()] })
