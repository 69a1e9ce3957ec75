import { even } from './_even.js'
export function odd(n) { return n !== 0 && even(n - 1) }
