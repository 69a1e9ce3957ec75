async function* numbers(to, log) { try { for (let n = 0; n < to; n++) { await null; yield n } } finally { log.push('closed') } }
export default async () => {
  const log = [], seen = []
  for await (const n of numbers(9, log)) { if (n === 2) break; seen.push(n) }
  for await (const n of [Promise.resolve('a'), 'b']) seen.push(n)
  const own = { async *[Symbol.asyncIterator]() { yield* numbers(2, log) } }
  for await (const n of own) seen.push(n)
  try { for await (const n of (async function* () { throw new Error('inside') })()) seen.push(n) } catch (e) { seen.push(e.message) }
  return [seen, log]
}
