export default require('./seed.json').name
