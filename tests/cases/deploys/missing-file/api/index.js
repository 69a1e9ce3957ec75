import { a } from './_lib/none.js'
export default () => a
