// HTML, read and changed with selectors.
import * as cheerio from "cheerio";

const page = `<ul id="list"><li class="a">One</li><li>Two</li></ul><p title="x">Text & more</p>`;

export const expected = {
  items: ["One", "Two"],
  title: "x",
  changed: "<ul id=\"list\"><li class=\"a done\">One</li><li>Two</li><li>Three</li></ul>",
  text: "Text & more",
};

export default () => {
  const $ = cheerio.load(page, null, false);
  const items = $("li").map((_, item) => $(item).text()).get();
  $("li.a").addClass("done");
  $("#list").append("<li>Three</li>");
  return { items, title: $("p").attr("title"), changed: $.html("ul"), text: $("p").text() };
};
