export default async () => {
  const request = new Request('https://example.com/a?b#c', { method: 'post', headers: { 'x-a': '1' }, body: JSON.stringify({ a: 1 }) })
  const copy = request.clone()
  const data = await request.json()
  let twice
  try { await request.text() } catch (e) { twice = e.name }
  const thrown = []
  for (const f of [() => new Request('relative'), () => new Request('https://x/', { method: 'GET', body: 'x' }), () => new Request('https://x/', { method: 'a b' })]) try { f(); thrown.push('none') } catch (e) { thrown.push(e.name) }
  return [request.method, request.url, request.headers.get('x-a'), request.headers.get('content-type'), data, request.bodyUsed, copy.bodyUsed, await copy.text(), twice, thrown, new Request(new URL('https://x/')).url]
}
