export function GET() { return { headers: { 'x-seen': 'yes' }, body: 'a long text' } }
