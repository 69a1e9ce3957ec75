export default () => {
  const local = 1
  let syntax
  try { eval('(') } catch (e) { syntax = e.name }
  return [eval('local + 1'), (0, eval)('typeof local'), new Function('a', 'b', 'return a + b')(1, 2), syntax, (0, eval)('this') === globalThis, (() => {}).constructor('return typeof process + typeof require')()]
}
