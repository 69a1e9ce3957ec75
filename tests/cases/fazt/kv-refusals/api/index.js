const { kv } = fazt.app
const cycle = []; cycle.push(cycle)
const tries = {
  nokey: () => kv.get(), number: () => kv.get(5), long: () => kv.set('k'.repeat(2000), 1), bigint: () => kv.set('a', 10n), cycle: () => kv.set('a', cycle),
  none: () => kv.set('a', undefined), map: () => kv.set('a', new Map()), text: () => { kv.set('t', 'x'); kv.incr('t') }, ttl: () => kv.set('a', 1, { ttl: -1 }), large: () => kv.set('a', 'x'.repeat(2 << 20)),
}
export default () => Object.entries(tries).map(([name, f]) => { try { f(); return name } catch (e) { return e instanceof Error && e.message.startsWith('kv.') && typeof e.code } })
