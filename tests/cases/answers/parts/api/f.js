export default () => ({ status: 418, body: null })
