export default () => {
  const original = { date: new Date(5), map: new Map([[{ k: 1 }, new Set([1])]]), big: 10n, re: /a/gi, bytes: new Uint8Array([1, 2]), list: [1, , 3], u: undefined }
  original.self = original
  const copy = structuredClone(original)
  let thrown
  try { structuredClone({ f() {} }) } catch (e) { thrown = e }
  return [copy !== original, copy.self === copy, copy.date.getTime(), [...copy.map][0][0].k, [...copy.map][0][1].has(1), String(copy.big), String(copy.re), [...copy.bytes], copy.list.length, 1 in copy.list, 'u' in copy, thrown !== undefined]
}
