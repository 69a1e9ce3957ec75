export default () => {
  const text = Array.from({ length: 50000 }, (_, n) => n % 10).join(',')
  let at = -1, count = 0
  while ((at = text.indexOf(',', at + 1)) >= 0) count++
  return [text.split(',').length, count, text.replaceAll(',', ';').includes(','), text.split(',').map(Number).reduce((a, b) => a + b), text.lastIndexOf('9'), text.replace(/\d,/g, '').length]
}
