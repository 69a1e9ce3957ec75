export default () => ({ status: 99, body: 'x' })
