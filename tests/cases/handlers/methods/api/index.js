export function GET(req) { return 'got' }
export async function POST(req) { return { status: 201, body: await req.text() } }
export const DELETE = () => undefined
