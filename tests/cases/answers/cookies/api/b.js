export default () => { const h = new Headers(); h.append('set-cookie', 'a=1, x'); h.append('set-cookie', 'b=2'); return new Response('x', { headers: h }) }
