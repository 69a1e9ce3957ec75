export default () => ({ body: 'just this' })
