import { z } from 'zod'
const User = z.object({
  name: z.string().min(2), age: z.number().int().positive().optional(), mail: z.email(),
  tags: z.array(z.enum(['a', 'b'])).default([]), kind: z.union([z.object({ t: z.literal('y') }), z.object({ t: z.literal('x'), n: z.coerce.number() })]),
})
export default () => {
  const good = User.parse({ name: 'Ann', mail: 'a@example.com', kind: { t: 'x', n: '5' }, more: 1 })
  const bad = User.safeParse({ name: 'A', age: -1, mail: 'no', tags: ['c'], kind: { t: 'x', n: 1 } })
  let thrown
  try { z.string().parse(5) } catch (e) { thrown = [e.name, e instanceof z.ZodError, e.issues[0].code] }
  return [good, bad.success, bad.error.issues.map((one) => one.path.join('.')), thrown, z.string().transform((x) => x.length).parse('four')]
}
