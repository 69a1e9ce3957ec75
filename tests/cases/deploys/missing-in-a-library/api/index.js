import './_a.js'
export default () => 1
