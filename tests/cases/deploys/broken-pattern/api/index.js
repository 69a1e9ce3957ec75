export default () => /(/
