export default async () => {
  const made = () => { let n = 0; return new ReadableStream({ pull(c) { n < 3 ? c.enqueue(n++) : c.close() } }) }
  const reader = made().getReader()
  const first = await reader.read()
  reader.releaseLock()
  const all = []
  for await (const value of made()) all.push(value)
  const [left, right] = made().tee()
  const both = [[], []]
  for await (const v of left) both[0].push(v)
  for await (const v of right) both[1].push(v)
  let cancelled
  const stream = new ReadableStream({ cancel(reason) { cancelled = reason } })
  const locked = (stream.getReader(), stream.locked)
  let thrown
  try { stream.getReader() } catch (e) { thrown = e.name }
  const other = new ReadableStream({ cancel(reason) { cancelled = reason } }); await other.cancel('enough')
  const failed = await new ReadableStream({ start(c) { c.error(new Error('broken')) } }).getReader().read().catch((e) => e.message)
  const from = []
  for await (const v of ReadableStream.from(['x', 'y'])) from.push(v)
  return [first, all, both, locked, thrown, cancelled, failed, from, await new Response(ReadableStream.from([new Uint8Array([104, 105])])).text()]
}
