export default () => new Proxy({}, { get() { throw new Error('x') }, ownKeys() { throw 1 }, getPrototypeOf() { throw 2 } })
