export default () => ({ headers: 'text', body: 'x' })
