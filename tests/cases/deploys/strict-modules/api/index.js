export default () => {
  with ({}) {}
}
