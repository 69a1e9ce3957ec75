export default () => {
  const ids = new Set(Array.from({ length: 50 }, () => crypto.randomUUID()))
  const bytes = crypto.getRandomValues(new Uint32Array(4))
  const thrown = []
  for (const f of [() => crypto.getRandomValues(new Float32Array(1)), () => crypto.getRandomValues(new Uint8Array(65537))]) try { f(); thrown.push('none') } catch (e) { thrown.push(e.name) }
  const floats = new Set(Array.from({ length: 20 }, Math.random))
  return [ids.size, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test([...ids][0]), bytes.some((n) => n !== 0), bytes.length, thrown, floats.size]
}
