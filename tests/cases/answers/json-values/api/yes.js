export default () => (true)
