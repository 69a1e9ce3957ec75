export default () => ({ headers: { 'x-a': 'v'.repeat(5e6) }, body: 'x' })
