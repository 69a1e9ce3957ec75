export default async function* (req) {
  yield 'beginning'
  await new Promise((go) => setTimeout(go, 20))
  if (req.query.fail) throw new Error('no more')
  yield ' and end'
}
