const lazy = () => ({ get v() { const x = { a: 1 }; Object.defineProperty(this, 'v', { value: x }); return x } })
const read = (o) => o.v
export default () => {
  const o = lazy()
  const first = read(o).a
  let again
  try { again = read(o).a } catch (e) { again = e.name }
  return [first, again, o.v.a]
}
