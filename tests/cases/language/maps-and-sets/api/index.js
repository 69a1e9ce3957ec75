export default () => {
  const key = {}
  const map = new Map([[key, 1], [NaN, 2], ['a', 3]])
  map.delete('a'); map.set(-0, 'zero')
  const weak = new WeakMap([[key, 'weak']]), seen = new WeakSet([key])
  const order = []; map.forEach((v) => order.push(v))
  return [map.get(key), map.get(NaN), map.get(0), map.size, order, weak.get(key), seen.has(key), seen.has({}), new WeakRef(key).deref() === key, [...new Set([1, '1', 1])], Object.fromEntries(new Map([['x', 1]])), [...new Map([[1, 2]]).entries()]]
}
