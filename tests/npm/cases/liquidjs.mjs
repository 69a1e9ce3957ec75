// Templates as shops have them.
import { Liquid } from "liquidjs";

export const expected = { text: "Ann, Bob", filter: "$1.50", loop: "1;2;3;" };

export default async () => {
  const engine = new Liquid();
  engine.registerFilter("money", (cents) => `$${(cents / 100).toFixed(2)}`);
  return {
    text: await engine.parseAndRender("{{ names | sort | join: ', ' }}", { names: ["Bob", "Ann"] }),
    filter: await engine.parseAndRender("{{ 150 | money }}"),
    loop: await engine.parseAndRender("{% for i in (1..3) %}{{ i }};{% endfor %}"),
  };
};
