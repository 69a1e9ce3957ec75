export default () => ({ headers: { 'x-a': Symbol() }, body: 'x' })
