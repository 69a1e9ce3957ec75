export default () => ({ status: 404 })
