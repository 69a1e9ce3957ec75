// Schemas, transforms, refusals by path.
import { z } from "zod";

const user = z.object({
  name: z.string().trim().min(2),
  email: z.email(),
  age: z.coerce.number().int().positive().optional(),
  tags: z.array(z.string()).default([]),
});

export const expected = {
  good: { name: "Ann", email: "ann@example.com", age: 30, tags: [] },
  bad: ["name", "email", "age"],
  union: "b",
};

export default () => {
  const shape = z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("a"), a: z.number() }),
    z.object({ kind: z.literal("b"), b: z.string() }),
  ]);
  const bad = user.safeParse({ name: "A", email: "no", age: -1 });
  return {
    good: user.parse({ name: " Ann ", email: "ann@example.com", age: "30" }),
    bad: bad.error.issues.map((issue) => issue.path.join(".")),
    union: shape.parse({ kind: "b", b: "x" }).kind,
  };
};
