export default () => {
  const cycle = {}; cycle.self = cycle
  const trap = new Proxy({}, { get() { throw new Error('x') }, ownKeys() { throw new Error('y') } })
  for (const method of ['log', 'info', 'warn', 'error', 'debug', 'trace', 'table', 'dir', 'group', 'count', 'time']) {
    for (const value of [cycle, trap, null, undefined, Symbol('s'), 10n, () => {}, new Map([[cycle, 1]]), new Proxy(() => {}, {}), '%s %d %j', Object.create(null)]) {
      console[method](...(method === 'count' || method === 'time' ? ['x'] : ['%s %o', value, value]))
    }
  }
  console.groupEnd(); console.timeEnd('x'); console.assert(false, 'no'); console.log()
  return typeof console.table
}
