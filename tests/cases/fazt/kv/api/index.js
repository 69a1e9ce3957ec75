const { kv } = fazt.app
export default async () => {
  const before = kv.get('a')
  kv.set('a', { n: [1, 'ü', null] }); kv.set('b', 'text'); await kv.set('c', 0)
  const values = [kv.get('a'), await kv.get('b'), kv.get('c')]
  return [before === undefined, values, kv.delete('a'), kv.delete('a'), kv.get('a') === undefined]
}
