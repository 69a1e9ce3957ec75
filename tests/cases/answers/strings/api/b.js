export default () => 'a < b'
