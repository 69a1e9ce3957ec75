export default () => {
  const f = () => f()
  try { f() } catch (e) { return [e.name, e instanceof RangeError] }
}
