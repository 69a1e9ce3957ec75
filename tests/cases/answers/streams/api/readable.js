export default () => new Response(new ReadableStream({
  async start(controller) {
    for (const word of ['one ', 'two ', 'three']) {
      await new Promise((go) => setTimeout(go, 5))
      controller.enqueue(new TextEncoder().encode(word))
    }
    controller.close()
  },
}), { headers: { 'content-type': 'text/plain', 'x-a': 'b' } })
