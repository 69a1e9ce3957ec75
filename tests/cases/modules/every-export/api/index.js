import dflt, { a, b as bee, c, Klass, gen } from './_lib.js'
import * as all from './_lib.js'
import { again, inner, ns, 'a name with blanks' as odd } from './_re.js'
export default () => [dflt, a, bee, c(), new Klass().x, [...gen()], Object.keys(all).sort(), again, inner, Object.keys(ns), odd]
