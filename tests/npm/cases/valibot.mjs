// The same in small functions.
import * as v from "valibot";

const user = v.object({
  name: v.pipe(v.string(), v.minLength(2)),
  born: v.pipe(v.string(), v.isoDate(), v.transform((text) => Number(text.slice(0, 4)))),
});

export const expected = {
  good: { name: "Ann", born: 1990 },
  bad: { name: "Invalid length: Expected >=2 but received 1", born: "Invalid date: Received \"x\"" },
};

export default () => {
  const bad = v.safeParse(user, { name: "A", born: "x" });
  return {
    good: v.parse(user, { name: "Ann", born: "1990-02-03" }),
    bad: Object.fromEntries(bad.issues.map((issue) => [issue.path[0].key, issue.message])),
  };
};
