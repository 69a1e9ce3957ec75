export default () => ({ status: {}, body: 'x' })
