export default () => ({ headers: Object.fromEntries(Array.from({ length: 1e5 }, (_, n) => ['x-' + n, 'v'])), body: 'x' })
