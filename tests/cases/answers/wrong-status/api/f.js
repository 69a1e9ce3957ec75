export default () => ({ status: -200, body: 'x' })
