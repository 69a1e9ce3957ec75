export default () => {
  const fs = []; for (let i = 0; i < 3; i++) fs.push(() => i)
  let out = []
  outer: for (const a of [1, 2, 3]) for (const b of [1, 2, 3]) { if (b === 2) continue outer; if (a === 3) break outer; out.push([a, b]) }
  const f = () => { try { return 'try' } finally { out.push('finally') } }
  const g = () => { try { throw 1 } catch { return 'catch' } finally { return 'wins' } }
  const s = (x) => { switch (x) { case 1: out.push('one'); case 2: return 'two'; default: return 'other' } }
  let tdz; try { late; let late = 1 } catch (e) { tdz = e.name }
  return [fs.map((f) => f()), f(), g(), s(1), s(9), out, tdz, hoisted(), (function fact(n) { return n < 2 ? 1 : n * fact(n - 1) })(10)]
  function hoisted() { return 'hoisted' }
}
