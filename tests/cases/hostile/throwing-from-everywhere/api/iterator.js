export default () => ({ body: { [Symbol.asyncIterator]() { throw new Error('x') } } })
