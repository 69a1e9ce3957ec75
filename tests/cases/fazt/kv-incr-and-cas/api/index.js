const { kv } = fazt.app
export default () => [
  kv.incr('n'), kv.incr('n', 5), kv.incr('n', -2), kv.get('n'),
  kv.cas('v', undefined, 'first'), kv.cas('v', undefined, 'again'), kv.cas('v', 'first', { x: 1 }), kv.cas('v', { x: 1 }, 'third'), kv.get('v'), kv.cas('v', 'third', undefined), kv.get('v') === undefined,
]
