export default () => ({ status: null, body: 'x' })
