export default () => 2
