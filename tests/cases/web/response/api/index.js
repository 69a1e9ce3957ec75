export default async () => {
  const response = new Response('{"a":[1]}', { status: 201, statusText: 'Made', headers: { 'x-a': '1' } })
  const copy = response.clone()
  const thrown = []
  for (const f of [() => new Response('x', { status: 99 }), () => new Response('x', { status: 204 }), () => Response.redirect('https://x/', 200)]) try { f(); thrown.push('none') } catch (e) { thrown.push(e.name) }
  return [
    response.status, response.ok, response.statusText, response.type, await response.json(), response.bodyUsed, (await copy.arrayBuffer()).byteLength, thrown,
    new Response(null, { status: 404 }).ok, Response.json([1]).headers.get('content-type'), Response.redirect('https://x/y').status, await new Response(new Blob(['b'])).text(),
    await new Response(new Uint8Array([104, 105]).buffer).text(), await new Response(new URLSearchParams('a=b')).formData().then((form) => form.get('a')), (await new Response('ü').bytes()).length,
  ]
}
