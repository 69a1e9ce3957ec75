import { a } from './_a.js'
import { b } from './_b'
export default () => a + b
