export default () => ({ body: { toString() { throw new Error('x') }, toJSON() { throw new Error('x') } } })
