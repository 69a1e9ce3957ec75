export default () => ({ headers: { 'x-a\r\ny': 'b' }, body: 'x' })
