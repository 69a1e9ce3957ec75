export const first = fazt.app.kv.get('x')
export default () => 'never'
