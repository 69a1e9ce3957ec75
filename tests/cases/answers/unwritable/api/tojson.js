export default () => { return { toJSON() { throw new Error('x') } } }
