export default () => ({ status: 1000, body: 'x' })
