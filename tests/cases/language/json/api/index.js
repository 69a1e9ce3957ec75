export default () => {
  const thrown = []
  for (const bad of ['{a:1}', "['x']", '[1,]', '01', '', '"\t"', 'NaN', '{"a":1}x']) try { JSON.parse(bad); thrown.push(bad) } catch (e) { thrown.push(e.name) }
  return [
    JSON.stringify({ u: undefined, f() {}, n: NaN, d: new Date(0), s: Symbol(), i: Infinity, z: -0 }), JSON.stringify([undefined, () => {}]), JSON.stringify({ b: 1, a: 2 }, ['a']), JSON.stringify({ a: [1, {}] }, null, 2), JSON.stringify('\u2028\ud800\x07"'), JSON.stringify({ a: 1, b: 2 }, (k, v) => k === 'a' ? undefined : v),
    JSON.parse('{"a":[1,{"b":"\\u00fc\\n"}],"a":2,"__proto__":5}', (k, v) => Array.isArray(v) ? v.length : v).a, Object.hasOwn(JSON.parse('{"__proto__":1}'), '__proto__'), JSON.parse(' [1e3, -0.5, true, null] '), thrown, JSON.parse('"\\ud83d\\ude00"'), JSON.stringify(JSON.parse('{"2":1,"1":2,"b":3}')), JSON.stringify({ toJSON: (k) => 'k' + k }), JSON.stringify(undefined) === undefined, JSON.parse('9007199254740993'), JSON.stringify(Object.create({ inherited: 1 })),
  ]
}
