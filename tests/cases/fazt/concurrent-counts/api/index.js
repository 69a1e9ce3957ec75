const { kv, tx } = fazt.app
export default (req) => {
  if (req.query.read) return [kv.get('incr'), kv.get('tx')]
  kv.incr('incr')
  for (;;) {
    try {
      tx(() => kv.set('tx', (kv.get('tx') ?? 0) + 1))
      return 'counted'
    } catch (e) {
      if (!e.retryable) throw e
    }
  }
}
