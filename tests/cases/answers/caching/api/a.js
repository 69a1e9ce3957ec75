export default () => 'x'
