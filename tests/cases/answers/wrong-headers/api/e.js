export default () => ({ headers: { 'x-a': 'b\0c' }, body: 'x' })
