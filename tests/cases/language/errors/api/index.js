export default () => {
  const inner = new TypeError('inner')
  const outer = new Error('outer', { cause: inner })
  const names = []
  for (const f of [() => null.x, () => undeclared, () => (5)(), () => new Array(-1), () => decodeURIComponent('%'), () => JSON.parse('{'), () => BigInt(1.5), () => { 'x'.repeat(-1) }, () => Symbol() + '', () => ({}).x.y]) try { f(); names.push('none') } catch (e) { names.push(e.constructor.name) }
  function named() { return new Error('here') }
  return [outer.cause === inner, String(outer), names, new AggregateError([1], 'many').errors, named().stack.split('\n')[0], named().stack.includes('api/index.js'), named().stack.includes('named'), Error('no new') instanceof Error, Object.keys(outer), JSON.stringify(outer)]
}
