export default () => `${{ toString() { for (;;); } }}`
