const { s3 } = fazt.app
export default () => {
  const put = s3.put('a/text.txt', 'grüße')
  s3.put('a/bytes', new Uint8Array([0, 255]), { type: 'x/y' }); s3.put('b.json', new Blob(['{}'], { type: 'application/json' }))
  const got = s3.get('a/text.txt'), bytes = s3.get('a/bytes'), head = s3.head('b.json')
  return [
    put.path, put.size, put.type.startsWith('text/plain'), put.etag === got.etag, new TextDecoder().decode(got.data), bytes.type, [...bytes.data], head.type, 'data' in head, s3.list('a/').map((one) => one.path), s3.list().length,
    s3.delete('b.json'), s3.delete('b.json'), s3.get('none') === undefined, s3.head('none') === undefined, typeof s3.url('a/bytes'),
  ]
}
