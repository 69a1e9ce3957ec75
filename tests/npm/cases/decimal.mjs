// Numbers without rounding.
import Decimal from "decimal.js";

export const expected = { sum: "0.3", root: "1.4142135623730950488016887242096980786", cents: "10.05" };

export default () => ({
  sum: new Decimal("0.1").plus("0.2").toString(),
  root: Decimal.clone({ precision: 38 }).sqrt(2).toString(),
  cents: new Decimal("10.045").toFixed(2),
});
