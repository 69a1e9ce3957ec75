import { b } from './_b.js'
export const a = 1
export default () => b
