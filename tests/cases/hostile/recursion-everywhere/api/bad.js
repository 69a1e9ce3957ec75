export default () => {
  const seen = []
  const self = { get x() { return this.x } }
  const proxy = new Proxy({}, { get: (t, k, r) => r[k] })
  const text = { toString() { return `${this}` } }
  const json = { toJSON() { return JSON.stringify(this) } }
  const sort = () => [2, 1].sort(sort)
  const deep = () => eval('deep()')
  const regex = () => 'a'.replace(/a/, regex)
  class A { constructor() { new A() } }
  for (const f of [() => self.x, () => proxy.y, () => `${text}`, () => JSON.stringify(json), sort, deep, regex, () => new A(), () => Reflect.apply(f, null, [])]) {
    try { f(); seen.push('none') } catch (e) { seen.push(e.name) }
  }
  return seen
}
