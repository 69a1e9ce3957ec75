// Templates with JavaScript in them, compiled from text.
import ejs from "ejs";

export const expected = { text: "<p>&lt;a&gt;</p><p>b</p>", raw: "<a>" };

export default () => ({
  text: ejs.render("<% for (const x of list) { %><p><%= x %></p><% } %>", { list: ["<a>", "b"] }),
  raw: ejs.render("<%- a %>", { a: "<a>" }),
});
