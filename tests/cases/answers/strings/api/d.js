export default () => ''
