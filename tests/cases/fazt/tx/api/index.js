const { kv, ds, tx } = fazt.app
export default async () => {
  const answer = tx(() => { kv.set('a', 1); ds.insert('t', { id: 'x' }); return kv.get('a') + ds.count('t') })
  let thrown
  try { tx(() => { kv.set('a', 2); kv.set('b', 2); throw new Error('no') }) } catch (e) { thrown = e.message }
  const later = await tx(async () => { await null; kv.incr('a', 10); return 'async' })
  return [answer, thrown, kv.get('a'), kv.get('b') === undefined, ds.count('t'), later]
}
