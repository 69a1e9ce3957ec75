const odd = [undefined, null, 0, -1, NaN, 1e21, 10n, '', 'x', '\ud800', Symbol('s'), [], [[]], {}, () => {}, new Proxy({}, {}), Object.create(null), new Uint8Array(2), new Date(NaN), { toString() { throw new Error('x') } }]
const makers = [(a, b) => new URL(a, b), (a) => new URLSearchParams(a), (a, b) => new Headers(a).set(b, b), (a, b) => new Request(a, b), (a, b) => new Response(a, b), (a, b) => new Blob(a, b), (a, b) => new File(a, b), (a) => new FormData().append(a, a), (a) => atob(a), (a) => btoa(a), (a) => structuredClone(a), (a) => new TextDecoder(a), (a) => new TextDecoder().decode(a), (a) => new TextEncoder().encode(a), (a, b) => clearTimeout(setTimeout(a, b)), (a) => queueMicrotask(a), (a) => new Event(a), (a, b) => new EventTarget().addEventListener(a, b), (a) => new ReadableStream(a), (a) => crypto.getRandomValues(a), (a) => AbortSignal.timeout(a), (a) => AbortSignal.any(a), (a, b) => new DOMException(a, b), (a) => Response.json(a), (a, b) => Response.redirect(a, b), (a) => console.log(a)]
export default () => {
  let calls = 0, errors = 0, others = 0
  for (const make of makers) for (const a of odd) for (const b of odd) {
    calls++
    try { Promise.resolve(make(a, b)).catch(() => {}) } catch (e) { e instanceof Error ? errors++ : others++ }
  }
  return [calls === makers.length * odd.length ** 2, errors > 500, others]
}
