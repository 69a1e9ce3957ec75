// JSON that keeps dates, maps and sets.
import SuperJSON from "superjson";

export const expected = { date: "2024-02-29T00:00:00.000Z", map: [["a", 1]], set: [1, 2], big: "12345678901234567890" };

export default () => {
  const { date, map, set, big } = SuperJSON.parse(SuperJSON.stringify({
    date: new Date(Date.UTC(2024, 1, 29)), map: new Map([["a", 1]]), set: new Set([1, 2]), big: 12345678901234567890n,
  }));
  return { date: date.toISOString(), map: [...map], set: [...set], big: String(big) };
};
