// Templates without logic.
import Mustache from "mustache";

export const expected = {
  text: "Hi &lt;Ann&gt;: one, two, none",
  partial: "<i>x</i>",
};

export default () => ({
  text: Mustache.render("Hi {{name}}: {{#list}}{{.}}, {{/list}}{{^empty}}none{{/empty}}", {
    name: "<Ann>",
    list: ["one", "two"],
    empty: [],
  }),
  partial: Mustache.render("{{>it}}", { a: "x" }, { it: "<i>{{a}}</i>" }),
});
