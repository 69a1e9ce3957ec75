import { a } from './index.js'
export const b = a + 1
