// Expressions, fractions and matrices; only what is asked for is bundled.
import {
  addDependencies, create, detDependencies, evaluateDependencies, fractionDependencies,
  multiplyDependencies, sqrtDependencies, formatDependencies, invDependencies,
} from "mathjs";

const math = create({
  addDependencies, detDependencies, evaluateDependencies, fractionDependencies,
  multiplyDependencies, sqrtDependencies, formatDependencies, invDependencies,
});

export const expected = { value: 14, third: "1/2", det: -2, root: "2i", text: 8 };

export default () => ({
  value: math.evaluate("2 * (3 + 4)"),
  third: math.format(math.add(math.fraction(1, 3), math.fraction(1, 6)), { fraction: "ratio" }),
  det: math.det([[1, 2], [3, 4]]),
  root: math.format(math.sqrt(-4)),
  text: math.evaluate("f(3)", { f: (x) => x + 5 }),
});
