export default async (req) => {
  if (req.query.before) throw new Error('before')
  await null
  throw new Error('behind')
}
