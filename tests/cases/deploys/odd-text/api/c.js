export default () => {
  return 3
}
