import { x } from './_lib/x.js'
export default () => x
