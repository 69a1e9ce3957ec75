export default async function named(req) { return req.method }
