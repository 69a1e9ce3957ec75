export default () => ({ status: 201, headers: { 'x-a': 'b' }, body: 'made' })
