// Groups, chains, templates (which compile a function from text), deep paths.
import _ from "lodash";

const people = [
  { name: "Ann", town: "Ulm", age: 30 },
  { name: "Bob", town: "Bonn", age: 20 },
  { name: "Cy", town: "Ulm", age: 40 },
];

export const expected = {
  towns: { Ulm: ["Ann", "Cy"], Bonn: ["Bob"] },
  oldest: "Cy",
  template: "Hello <b>&lt;Ann&gt;</b>",
  path: 2,
  merged: { a: { b: 1, c: 2 } },
  case: "fooBarBaz",
  chunks: [[1, 2], [3]],
};

export default () => ({
  towns: _.mapValues(_.groupBy(people, "town"), (list) => _.map(list, "name")),
  oldest: _.chain(people).sortBy("age").last().get("name").value(),
  template: _.template("Hello <b><%- name %></b>")({ name: "<Ann>" }),
  path: _.get({ a: [{ b: 1 }, { b: 2 }] }, "a[1].b"),
  merged: _.merge({ a: { b: 1 } }, { a: { c: 2 } }),
  case: _.camelCase("foo bar-baz"),
  chunks: _.chunk([1, 2, 3], 2),
});
