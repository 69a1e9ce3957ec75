export default () => {
  for (const f of [() => { fazt.app.id = '1' }, () => { fazt.app.name = 'still' }, () => { fazt.app = { id: 1 } }, () => { globalThis.fazt = null }]) try { f() } catch {}
  return 'done'
}
