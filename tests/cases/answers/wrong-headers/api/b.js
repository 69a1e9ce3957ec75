export default () => ({ headers: { 'x a': 'b' }, body: 'x' })
