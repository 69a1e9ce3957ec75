export default async (req) => [await req.path]
