// Queries with depth.
import qs from "qs";

export const expected = {
  read: { a: { b: ["1", "2"] }, c: "x y" },
  written: "a%5Bb%5D=1&list%5B%5D=2&list%5B%5D=3",
};

export default () => ({
  read: qs.parse("a[b][]=1&a[b][]=2&c=x+y"),
  written: qs.stringify({ a: { b: 1 }, list: [2, 3] }, { arrayFormat: "brackets" }),
});
