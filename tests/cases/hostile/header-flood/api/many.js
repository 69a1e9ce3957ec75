export default () => ({ headers: Object.fromEntries(Array.from({ length: 40000 }, (_, n) => ['x-' + n, 'v'])), body: 'x' })
