export default () => (NaN)
