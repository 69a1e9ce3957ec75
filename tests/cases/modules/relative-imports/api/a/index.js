import { one } from './_one.js'
import two from '../_lib/two.js'
import * as three from '/shared/three.js'
import four from '../_lib/four'
import five from '../_lib/five'
export default () => [one, two(), three.value, three.default, four, five]
