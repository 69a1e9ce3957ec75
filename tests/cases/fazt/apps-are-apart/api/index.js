export default () => { fazt.app.kv.set('mine', 1); return fazt.app.kv.list().map((one) => one.key) }
