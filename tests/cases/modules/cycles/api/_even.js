import { odd } from './_odd.js'
export const even = (n) => n === 0 || odd(n - 1)
