import { even } from './_even.js'
export default () => [even(10), even(7)]
