export default () => ({ headers: { 'x-a': 'b' } })
