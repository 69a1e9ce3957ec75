// Changes to what does not change, by proxies.
import { produce, enableMapSet, freeze } from "immer";

enableMapSet();

export const expected = { before: 1, after: 2, same: true, frozen: true, map: [["a", 1], ["b", 2]] };

export default () => {
  const before = freeze({ a: { n: 1 }, b: { list: [] } }, true);
  const after = produce(before, (draft) => void (draft.a.n += 1));
  const map = produce(new Map([["a", 1]]), (draft) => void draft.set("b", 2));
  return {
    before: before.a.n,
    after: after.a.n,
    same: before.b === after.b,
    frozen: Object.isFrozen(after),
    map: [...map],
  };
};
