import * as ns from './_a.js'
export default () => {
  try { ns.a = 2 } catch (e) { return [e.name, ns.a] }
}
