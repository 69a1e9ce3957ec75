export default () => ({ status: 201, headers: { 'X-A': 'b', 'content-type': 'text/css' }, body: 'a {}' })
