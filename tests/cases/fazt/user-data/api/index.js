const { user, kv } = fazt.app
export default (req) => {
  const mine = user.kv.get('note') ?? 'none'
  user.kv.set('note', req.user.id); user.ds.insert('list', { of: req.user.id }); user.s3.put('f', req.user.id)
  return [mine, kv.get('note') ?? 'none', user.ds.count('list'), new TextDecoder().decode(user.s3.get('f').data)]
}
