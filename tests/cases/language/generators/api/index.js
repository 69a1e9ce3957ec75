function* inner() { const got = yield 1; try { yield got } finally { yield 'cleaned' } return 'returned' }
function* outer() { const r = yield* inner(); yield r }
function* naturals() { for (let n = 0; ; n++) yield n }
export default () => {
  const it = outer()
  const steps = [it.next(), it.next('sent'), it.return('early'), it.next()]
  const caught = (function* () { try { yield 1 } catch (e) { yield e } })()
  caught.next()
  const [a, , b, ...rest] = naturals().take(6)
  return [steps, caught.throw('thrown').value, a, b, rest, [...'añ😀'].length, Math.max(...new Set([3, 1])), [...outer()]]
}
