const { kv } = fazt.app
export default () => {
  kv.set('a', new Uint8Array([0, 255, 128])); kv.set('b', new Uint8Array([1, 2]).buffer)
  const a = kv.get('a')
  return [a instanceof Uint8Array, [...a], [...kv.get('b')]]
}
