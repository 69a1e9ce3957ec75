export default () => ({ a: 'x'.repeat(11 << 20) })
