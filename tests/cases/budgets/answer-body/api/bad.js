export default () => 'x'.repeat((10 << 20) + 1)
