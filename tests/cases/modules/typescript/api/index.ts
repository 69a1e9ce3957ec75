import type { Shape } from './_types'
import { type Named, area, Kind } from './_types'
enum Colour { Red, Green = 'green', Blue = 4, Next }
const enum Small { A = 1, B = A << 2 }
namespace Tools { export const twice = (n: number): number => n * 2 }
abstract class Base<T extends object = {}> {
  static readonly count: number = 1
  declare ghost: string
  protected abstract name(): string
  constructor(public readonly id: number, private extra?: T) {}
  show(): string { return `${this.name()}#${this.id}${this.extra ? '+' : ''}` }
}
class Thing extends Base implements Named {
  override name(): string { return 'thing' }
}
function over(a: string): string
function over(a: number): number
function over(a: any): any { return a }
interface Request2 { query: Record<string, string> }
type Fn = <T>(x: T) => x is NonNullable<T>
const isThere: Fn = (x): x is NonNullable<typeof x> => x != null
const config = { a: 1 } satisfies Record<string, number> as const
let late!: string
late = 'late'
const shape: Shape = { kind: Kind.Square, side: 3 }
const generic = <T,>(x: T): T => x
export default function (this: void, req: Request2): unknown {
  return [
    Colour.Red, Colour.Green, Colour.Next, Colour[4], Small.B, Tools.twice(4), new Thing(7).show(),
    new Thing(8, {}).show(), Base.count, over('x'), isThere(0), config.a!, late, area(shape),
    generic<string>('g'), <number>(5 as unknown), 'ghost' in new Thing(1), req?.query.n ?? 'none',
  ]
}
