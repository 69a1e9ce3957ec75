export default () => ({ headers: { '': 'b' }, body: 'x' })
