export default async (req) => [await req.text(), req.text(), await req.json(), req.body.a, (await req.arrayBuffer()).byteLength]
