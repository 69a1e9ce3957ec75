export default async (req) => {
  const form = await req.formData()
  const pic = form.get('pic')
  return { title: form.get('title'), names: [...form.keys()], pic: [pic instanceof File, pic.name, pic.type, pic.size], bytes: [...await pic.bytes()] }
}
