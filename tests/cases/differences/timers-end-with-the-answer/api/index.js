globalThis.fired ??= 0
export default () => { setTimeout(() => { globalThis.fired++ }, 0); return String(globalThis.fired) }
