export default () => {
  const headers = new Headers({ 'X-B': '2', 'Content-Type': 'a/b' })
  headers.append('x-a', '1'); headers.append('X-A', 'again'); headers.append('Set-Cookie', 'a=1'); headers.append('set-cookie', 'b=2')
  headers.delete('x-b')
  const thrown = []
  for (const f of [() => headers.set('a b', 'x'), () => headers.set('a', 'x\n'), () => new Headers([['a']])]) try { f(); thrown.push('none') } catch (e) { thrown.push(e.name) }
  return [[...headers], headers.get('x-A'), headers.get('none'), headers.has('SET-COOKIE'), headers.getSetCookie(), thrown, [...new Headers([['a', ' b ']])], new Headers(headers).get('content-type')]
}
