export default () => ({ headers: { get a() { throw new Error('x') } } })
