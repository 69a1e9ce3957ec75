const depth = (n) => n === 0 ? 0 : 1 + depth(n - 1)
const nest = (n) => n === 0 ? null : { n: nest(n - 1) }
const even = (n) => n === 0 || odd(n - 1), odd = (n) => n !== 0 && even(n - 1)
export default () => [depth(2000), JSON.stringify(nest(500)).length, even(2000)]
