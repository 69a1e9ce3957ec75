export default () => ({ then() { throw new Error('x') } })
