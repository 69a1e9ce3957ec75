export default () => ({ get status() { throw new Error('x') }, body: 'x' })
