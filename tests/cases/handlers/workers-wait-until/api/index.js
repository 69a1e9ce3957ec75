let done = 0
export default {
  async fetch(request, env, ctx) {
    if (new URL(request.url).searchParams.has('done')) return new Response(String(await fazt.app.kv.get('done')))
    ctx.waitUntil((async () => {
      await new Promise((go) => setTimeout(go, 20))
      await fazt.app.kv.set('done', 'yes')
    })())
    return new Response('begun')
  },
}
