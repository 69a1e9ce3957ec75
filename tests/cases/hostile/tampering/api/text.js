export default () => 'a text'
