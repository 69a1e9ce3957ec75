export default () => new Response(new URLSearchParams({ a: 'x y' }))
