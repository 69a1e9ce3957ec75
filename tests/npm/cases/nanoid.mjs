// Short ids from secure chance.
import { customAlphabet, nanoid } from "nanoid";

export const expected = { length: 21, own: true, different: 1000 };

export default () => ({
  length: nanoid().length,
  own: /^[abc]{10}$/.test(customAlphabet("abc", 10)()),
  different: new Set(Array.from({ length: 1000 }, () => nanoid())).size,
});
