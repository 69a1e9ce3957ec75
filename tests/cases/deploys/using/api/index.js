export default () => {
  using x = { [Symbol.dispose]() {} }
}
