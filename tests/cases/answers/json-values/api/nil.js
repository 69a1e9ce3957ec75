export default () => (null)
