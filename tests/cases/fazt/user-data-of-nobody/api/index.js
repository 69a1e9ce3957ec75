export default () => {
  try { return fazt.app.user.kv.get('x') } catch (e) { return [e.code, e instanceof Error] }
}
