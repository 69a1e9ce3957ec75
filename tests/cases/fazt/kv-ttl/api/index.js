const { kv } = fazt.app
export default () => {
  kv.set('a', 1, { ttl: 60000 }); kv.set('b', 2, 60000); kv.set('c', 3)
  return kv.list().map((one) => [one.key, one.value, typeof one.expiresAt])
}
