export default () => new Response(new ReadableStream({ start() { throw new Error('x') } }))
