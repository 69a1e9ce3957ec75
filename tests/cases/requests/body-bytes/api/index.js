export default async (req) => ({ headers: { 'x-length': String((await req.bytes()).length) }, body: req.bytes() })
