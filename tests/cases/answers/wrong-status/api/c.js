export default () => ({ status: 'ok', body: 'x' })
