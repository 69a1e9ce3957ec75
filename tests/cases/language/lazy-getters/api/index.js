const lazy = () => ({ get v() { const x = { a: 1 }; Object.defineProperty(this, 'v', { value: x }); return x } })
const read = (o) => o.v
export default () => {
  const seen = []
  for (let n = 0; n < 3; n++) { const o = lazy(); seen.push(read(o).a, read(o).a, read(o) === read(o)) }
  return seen
}
