export default async () => { const r = new Response('x'); await r.text(); return r }
