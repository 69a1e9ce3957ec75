export default () => 1

function check() {
  throw new RangeError("no colour is set")
}
check()
