export default () => ({ headers: { 'cache-control': 'max-age=60' }, body: 'x' })
