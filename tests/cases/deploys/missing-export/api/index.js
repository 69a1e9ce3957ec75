import { a, none } from './_a.js'
export default () => none
