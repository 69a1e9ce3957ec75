export default () => ({ status: 101, body: 'x' })
