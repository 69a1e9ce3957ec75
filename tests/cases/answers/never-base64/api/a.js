export default () => 'aGVsbG8='
