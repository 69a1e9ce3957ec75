export default async (req) => { await null; return req.method }
