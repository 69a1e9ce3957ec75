export default () => 'y of the library'
