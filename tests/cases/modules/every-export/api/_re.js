export * from './_inner.js'
export { a as again } from './_lib.js'
export * as ns from './_inner.js'
const odd = 'odd'
export { odd as 'a name with blanks' }
