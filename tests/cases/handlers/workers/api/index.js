export default {
  greeting: 'hi',
  async fetch(request, env, ctx) {
    const kinds = [request instanceof Request, typeof env, typeof ctx.waitUntil]
    return new Response(`${this.greeting} ${new URL(request.url).pathname} ${kinds}`, {
      status: 202,
      headers: { 'x-from': 'workers' },
    })
  },
}
