export default () => [fazt.app.kv.incr('n'), fazt.app.ds.insert('t', { id: 'x' }), fazt.app.kv.get('n')]
