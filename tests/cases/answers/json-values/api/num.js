export default () => (42)
