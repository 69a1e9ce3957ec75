// YAML, both ways.
import { parse, stringify } from "yaml";

export const expected = {
  read: { name: "fazt", list: [1, true, null, "x: y"], text: "a\nb\n", same: { a: 1 }, base: { a: 1 } },
  written: "a: 1\nb:\n  - x\n  - \"2\"\n",
  wrong: "YAMLParseError",
};

export default () => {
  const text = 'name: fazt\nlist: [1, true, ~, "x: y"]\ntext: |\n  a\n  b\nbase: &b { a: 1 }\nsame: *b\n';
  let wrong;
  try {
    parse("a: [1");
  } catch (error) {
    wrong = error.name;
  }
  return { read: parse(text), written: stringify({ a: 1, b: ["x", "2"] }), wrong };
};
