export default () => new Response(new Uint8Array([1, 0]))
