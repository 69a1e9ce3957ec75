export default () => ({ headers: { 'x-a': 'b\r\nset-cookie: evil=1' }, body: 'x' })
