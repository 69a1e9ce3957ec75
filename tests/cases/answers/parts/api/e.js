export default () => ({ status: 200, body: { a: 1 } })
