export default async () => {
  const form = new FormData()
  form.append('a', '1'); form.append('a', 2); form.set('file', new Blob(['text'], { type: 'text/plain' }), 'f.txt')
  form.append('gone', 'x'); form.delete('gone')
  const sent = new Response(form)
  const back = await sent.formData()
  return [form.getAll('a'), form.get('file').name, form.has('gone'), [...form.keys()], sent.headers.get('content-type').startsWith('multipart/form-data; boundary='), back.getAll('a'), await back.get('file').text(), back.get('file').type]
}
