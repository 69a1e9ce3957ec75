export const a = 1
const hidden = 2
export { hidden as b }
export function c() { return 3 }
export class Klass { x = 4 }
export function* gen() { yield 5 }
export default 'default'
