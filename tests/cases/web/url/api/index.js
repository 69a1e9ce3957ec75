export default () => {
  const url = new URL('../b/./c?x=1&x=2#top', 'https://user:pa%20ss@example.com:8080/a/b/')
  const changed = new URL('http://example.com:80/a b')
  changed.pathname = '/ü'; changed.hash = 'h'; changed.port = '81'; changed.searchParams.append('q', 'x y&z')
  const errors = []
  for (const bad of ['nonsense', 'http://', 'http://a b/']) try { new URL(bad) } catch (e) { errors.push(e.name) }
  return [
    url.href, url.origin, url.host, url.port, url.username, url.password, url.search, url.hash, [...url.searchParams],
    changed.href, String(new URL('HTTP://EXAMPLE.com')), new URL('http://bücher.example').hostname, JSON.stringify({ url: changed }).length > 10,
    URL.canParse('x:y'), URL.canParse('nope'), URL.parse('nope'), errors, url instanceof URL,
  ]
}
