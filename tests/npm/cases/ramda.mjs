// Functions of functions.
import * as R from "ramda";

export const expected = {
  total: 12,
  by: { even: [2, 4], odd: [1, 3] },
  lens: { a: { b: 5 } },
  curried: 6,
};

export default () => ({
  total: R.pipe(R.filter((n) => n % 2 === 0), R.map(R.multiply(2)), R.sum)([1, 2, 3, 4]),
  by: R.groupBy((n) => (n % 2 ? "odd" : "even"), [1, 2, 3, 4]),
  lens: R.set(R.lensPath(["a", "b"]), 5, { a: { b: 1 } }),
  curried: R.curry((a, b, c) => a + b + c)(1)(2)(3),
});
