export default () => {
  using x = null
}
