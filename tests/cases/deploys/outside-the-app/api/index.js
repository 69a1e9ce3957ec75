import x from '../../other/secret.js'
export default () => x
