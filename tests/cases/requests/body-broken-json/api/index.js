export default async (req) => {
  let thrown
  try { await req.json() } catch (e) { thrown = e.name }
  return { body: req.body, thrown }
}
