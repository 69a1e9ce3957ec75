export default () => { return { get x() { throw new Error('x') } } }
