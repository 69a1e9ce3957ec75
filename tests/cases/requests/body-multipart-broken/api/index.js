export default async (req) => {
  let thrown = 'nothing'
  try { await req.formData() } catch (e) { thrown = e.name }
  return { files: req.files.length, thrown }
}
