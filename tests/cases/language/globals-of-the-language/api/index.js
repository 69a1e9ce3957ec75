export default () => [
  typeof globalThis, globalThis.globalThis === globalThis, typeof this, typeof process, typeof Buffer, typeof window, typeof Deno, typeof module, encodeURIComponent('ü &'), decodeURI('%20a'), escape('ü'), unescape('%FC'), isFinite('5'), typeof WebAssembly, typeof SharedArrayBuffer, typeof Atomics,
]
