export default async (req) => [typeof req.body, await req.text(), (await req.bytes()).length, req.files]
