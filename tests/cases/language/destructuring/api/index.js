export default () => {
  const { b: { c = 'c', ...inner } = {} } = { b: { x: 2, y: 3 } }
  const { a, ['d' + 1]: d1, ...rest } = { a: 1, d1: 4, e: 5, f: 6 }
  const [x = 'x', [y] = ['y'], ...zs] = [undefined, undefined, 'z', 'zz']
  let p = 1, q = 2; [p, q] = [q, p]
  const f = ({ n = 1 } = {}, ...more) => [n, more.length]
  for (const [k, v] of Object.entries({ k: 'v' })) p += k + v
  return [a, c, inner, d1, rest, x, y, zs, p, q, f(), f({ n: 2 }, 3, 4), { ...{ a: 1 }, ...null, a: 2, ...'hi' }, [...[1], ...new Set([2])]]
}
