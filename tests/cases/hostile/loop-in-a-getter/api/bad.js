export default () => ({ get x() { while (true) {} } })
