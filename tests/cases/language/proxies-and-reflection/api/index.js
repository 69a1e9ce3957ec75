export default () => {
  const log = []
  const proxy = new Proxy({ a: 1 }, {
    get: (t, k, r) => (log.push('get ' + String(k)), Reflect.get(t, k, r)), has: (t, k) => k === 'magic' || k in t, set: (t, k, v) => (t[k] = v * 2, true),
    deleteProperty: () => false, ownKeys: () => ['a', 'z'], getOwnPropertyDescriptor: (t, k) => ({ value: t[k], enumerable: true, configurable: true }),
  })
  proxy.b = 5
  const called = new Proxy(function (a) { return a }, { apply: (t, self, args) => args.length, construct: () => ({ made: true }) })
  const frozen = Object.freeze({ a: 1 }); let thrown
  try { 'use strict'; frozen.a = 2 } catch (e) { thrown = e.name }
  const { proxy: gone, revoke } = Proxy.revocable({}, {}); revoke(); let revoked
  try { gone.x } catch (e) { revoked = e.name }
  const o = { get x() { return 'got' }, [Symbol('s')]: 1, __proto__: { inherited: 1 } }
  return [proxy.a, proxy.b, 'magic' in proxy, Object.keys(proxy), log, called(1, 2), new called().made, thrown, revoked, Reflect.ownKeys(o).map(String), Object.getOwnPropertyDescriptor(o, 'x').set === undefined, o.inherited, Symbol.for('k') === Symbol.for('k'), Symbol('d').description, Reflect.construct(Date, [0]).getTime(), Object.isFrozen(frozen), { [Symbol.toPrimitive]: () => 42 } * 1]
}
