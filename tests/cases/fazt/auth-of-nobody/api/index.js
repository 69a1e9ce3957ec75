const { auth } = fazt
export default (req) => {
  const what = req.query.require
  if (what) { try { auth['require' + what]('editor') } catch {} ; fazt.app.kv.set('after', what); return 'never' }
  return [auth.getUser(), auth.isLoggedIn(), auth.isOwner(), auth.isAdmin(), auth.hasRole('x'), typeof auth.getLoginURL(), typeof auth.getLogoutURL()]
}
