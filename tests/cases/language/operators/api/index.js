export default () => {
  const o = { a: { f() { return this === o.a } }, n: null, z: 0 }
  let calls = 0; const count = () => { calls++; return 1 }
  o.n ??= 'set'; o.z ||= 5; o.z &&= o.z + 1; o.a?.b?.[count()]?.(count()); o.q ??= count()
  return [o.n, o.z, o.a?.f?.(), o.x?.y.z.w ?? 'none', 0 ?? 1, 0 || 1, 2 ** 3 ** 2, (-2) ** 2, calls, delete o?.a, typeof undeclared, void 0 === undefined, 7 % -3, -7 >>> 28, 1_000_000, 0b11, 0o17, 'a' in { a: 1 }, (1, 2)]
}
