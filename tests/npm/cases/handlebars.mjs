// Templates that are compiled to functions from text.
import Handlebars from "handlebars/dist/cjs/handlebars.js";

Handlebars.registerHelper("loud", (text) => text.toUpperCase());

export const expected = {
  text: "<li>ONE 0</li><li>TWO 1</li>",
  escaped: "&lt;b&gt; <b>",
  branch: "no",
};

export default () => ({
  text: Handlebars.compile("{{#each list}}<li>{{loud this}} {{@index}}</li>{{/each}}")({ list: ["one", "two"] }),
  escaped: Handlebars.compile("{{a}} {{{a}}}")({ a: "<b>" }),
  branch: Handlebars.compile("{{#if yes}}yes{{else}}no{{/if}}")({ yes: false }),
});
