let count = 0
export default () => {
  globalThis.seen = (globalThis.seen ?? 0) + 1
  return [++count, globalThis.seen]
}
