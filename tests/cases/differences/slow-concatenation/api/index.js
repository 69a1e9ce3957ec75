export default () => {
  const parts = []
  for (let n = 0; n < 50000; n++) parts.push(n % 10)
  return String(parts.join('').length)
}
