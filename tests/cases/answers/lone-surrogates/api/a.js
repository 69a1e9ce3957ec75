export default () => 'a\ud800b'
