export default async (req) => {
  if (req.query.done) return String(await fazt.app.kv.get('done'))
  return (async function* () {
    try { yield 'x' } finally { await fazt.app.kv.set('done', 'yes') }
  })()
}
