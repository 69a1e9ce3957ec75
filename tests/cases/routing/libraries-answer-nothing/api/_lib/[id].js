export default () => 'id of the library'
