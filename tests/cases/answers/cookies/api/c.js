export default () => ({ headers: { 'set-cookie': 'one=1' } })
