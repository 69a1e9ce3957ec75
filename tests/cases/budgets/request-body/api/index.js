export default async (req) => String((await req.bytes()).length)
