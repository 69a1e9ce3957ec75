class Stack extends Array { top() { return this.at(-1) } }
class Problem extends Error { constructor(m, o) { super(m, o); this.name = 'Problem' } }
class Table extends Map { get(k) { return super.get(k) ?? 'none' } }
class Later extends Promise {}
export default async () => {
  const stack = Stack.of(1, 2, 3)
  const problem = new Problem('what', { cause: 'why' })
  return [stack.map((n) => n * 2).top(), stack.length, problem instanceof Error, String(problem), problem.cause, problem.stack.includes('Problem') || problem.stack.includes('Error'), new Table([['a', 1]]).get('b'), Later.resolve(1).then((n) => n) instanceof Later, Array.isArray(stack)]
}
