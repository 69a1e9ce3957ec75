let count = 0
export default () => ++count > 0
