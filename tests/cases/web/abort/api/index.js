export default async () => {
  const controller = new AbortController()
  const seen = []
  controller.signal.addEventListener('abort', (event) => seen.push(event.type))
  const before = controller.signal.aborted
  controller.abort(new Error('enough')); controller.abort()
  let thrown
  try { controller.signal.throwIfAborted() } catch (e) { thrown = e.message }
  const timed = AbortSignal.timeout(5)
  await new Promise((go) => timed.addEventListener('abort', go))
  const any = AbortSignal.any([new AbortController().signal, AbortSignal.abort()])
  return [before, controller.signal.aborted, seen, thrown, timed.reason.name, any.aborted, any.reason.name, any.reason instanceof DOMException]
}
