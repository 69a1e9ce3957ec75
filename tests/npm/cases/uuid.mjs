// Ids by chance, by time and by name.
import { parse, v4, v5, v7, validate, version } from "uuid";

export const expected = {
  v4: [true, 4],
  v5: "4be0643f-1d98-573b-97cd-ca98a65347dd",
  v7: [true, 7],
  bytes: 16,
  sorted: true,
};

export default () => {
  const [a, b] = [v7({ msecs: 1 }), v7({ msecs: 2 })];
  return {
    v4: [validate(v4()), version(v4())],
    v5: v5("test", v5.DNS),
    v7: [validate(a), version(a)],
    bytes: parse(v4()).length,
    sorted: a < b,
  };
};
