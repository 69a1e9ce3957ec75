import { count, more } from './_count.js'
export default () => { const before = count; more(); return count - before }
