export default () => ({ a: [1, { b: null }], u: undefined, f() {} })
