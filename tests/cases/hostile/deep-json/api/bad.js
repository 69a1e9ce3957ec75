export const GET = () => { try { JSON.parse('['.repeat(1e5) + ']'.repeat(1e5)); return 'parsed' } catch (e) { return e.name } }
export const POST = (req) => { try { return typeof req.json() } catch (e) { return [e.name, typeof req.body] } }
