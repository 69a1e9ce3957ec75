const self = { get x() { return this.x } }
const proxy = new Proxy({}, { get: (t, k, r) => r[k] })
const text = { toString() { return `${this}` } }
const json = { toJSON() { return JSON.stringify(this) } }
const sort = () => [2, 1].sort(sort)
const deep = () => eval('deep()')
const regex = () => 'a'.replace(/a/, regex)
const apply = () => Reflect.apply(apply, null, [])
class A { constructor() { new A() } }
const ways = { getter: () => self.x, proxy: () => proxy.y, text: () => `${text}`, json: () => JSON.stringify(json), sort, eval: deep, regex, new: () => new A(), apply }
export default (req) => { ways[req.query.way](); return 'never' }
