export default () => ({ status: { valueOf() { throw new Error('x') } } })
