export default () => {
  const { b: { c }, ...rest } = { b: { c: 1 }, d: 2 }
  const { b, ...others } = { b: { c: 1 }, d: 2 }
  return [c, rest, others]
}
