export default () => ({ status: 'active', name: 'x', body: 'y' })
