export default () => {
  const params = new URLSearchParams('?a=1&b=2&a=3&c=%20+&d')
  const before = [params.get('a'), params.getAll('a'), params.get('c'), params.get('d'), params.get('e'), params.has('b'), params.has('a', '9'), params.size]
  params.set('a', 'ü'); params.append('e', '&='); params.delete('b'); params.sort()
  const url = new URL('http://x/?p=1'); url.searchParams.set('q', '2'); url.searchParams.delete('p')
  const seen = []; params.forEach((value, key) => seen.push(key + value))
  return [before, params.toString(), [...params.keys()], seen, url.href, new URLSearchParams({ x: 1, y: [2, 3] }).toString(), new URLSearchParams([['a', 'b']]).toString(), new URLSearchParams(new Map([['m', 'n']])).toString()]
}
