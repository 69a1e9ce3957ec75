export default () => {
  let n = 0
  return new Response(new ReadableStream({
    pull(controller) {
      if (n === 5) return controller.close()
      controller.enqueue(new Uint8Array([n++]))
    },
  }))
}
