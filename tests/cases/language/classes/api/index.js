class Counter {
  static #made = 0
  static kinds
  static { this.kinds = ['a', 'b'] }
  #count = 0
  step = 1
  constructor(start = 0) { this.#count = start; Counter.#made++ }
  get count() { return this.#count }
  set count(n) { this.#count = n * 2 }
  #add() { this.#count += this.step }
  more() { this.#add(); return this }
  static get made() { return Counter.#made }
  static is(x) { return #count in x }
  ['comp' + 'uted']() { return 'computed' }
}
class Loud extends Counter {
  more() { super.more(); return super.more() }
  toString() { return `Loud ${this.count} ${new.target}` }
  get [Symbol.toStringTag]() { return 'Loud' }
}
export default () => {
  const loud = new Loud(5); loud.more().count += 1
  let thrown
  try { Counter() } catch (e) { thrown = e.name }
  return [loud.count, Counter.made >= 1, Counter.kinds, Counter.is(loud), Counter.is({}), loud.computed(), Object.prototype.toString.call(loud), `${loud}`, loud instanceof Counter, thrown, Object.keys(loud)]
}
