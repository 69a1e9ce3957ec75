export default () => (new Date(0))
