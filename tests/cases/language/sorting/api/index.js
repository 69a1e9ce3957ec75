export default () => {
  const many = Array.from({ length: 500 }, (_, i) => ({ k: i % 7, i }))
  many.sort((a, b) => a.k - b.k)
  const stable = many.every((x, n) => n === 0 || many[n - 1].k < x.k || (many[n - 1].k === x.k && many[n - 1].i < x.i))
  const shuffled = Array.from({ length: 100 }, (_, i) => i).sort(() => Math.random() - 0.5)
  let thrown
  try { [2, 1].sort(() => { throw new Error('stop') }) } catch (e) { thrown = e.message }
  return [stable, shuffled.length, new Set(shuffled).size, [3, 1, 2].sort(() => 1).length, [1, 2, 3].sort(() => NaN), ['b', 'a', undefined].sort(), [true, false].sort(), thrown, new Float64Array([3, -0, NaN, 1]).sort().join()]
}
