import { value } from './_slow.js'
export default () => value
