export default () => 'x'.padStart(2 ** 30)
