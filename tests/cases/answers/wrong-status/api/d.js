export default () => ({ status: NaN, body: 'x' })
