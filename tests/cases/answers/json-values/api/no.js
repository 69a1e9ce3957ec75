export default () => (false)
