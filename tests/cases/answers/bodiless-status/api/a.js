export default () => ({ status: 204, body: 'x' })
