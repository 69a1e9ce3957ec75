// Markdown with tables and a renderer of one's own.
import { Marked } from "marked";

const marked = new Marked({ renderer: { strong: ({ text }) => `<b>${text}</b>` } });

export const expected = {
  html: "<h1>Hi</h1>\n<p>A <b>bold</b> word and <code>code</code>.</p>\n<ul>\n<li>one</li>\n<li>two</li>\n</ul>\n",
  table: "<table>\n<thead>\n<tr>\n<th>a</th>\n<th align=\"right\">b</th>\n</tr>\n</thead>\n<tbody><tr>\n<td>1</td>\n<td align=\"right\">2</td>\n</tr>\n</tbody></table>\n",
};

export default () => ({
  html: marked.parse("# Hi\n\nA **bold** word and `code`.\n\n- one\n- two\n"),
  table: marked.parse("| a | b |\n| --- | ---: |\n| 1 | 2 |\n"),
});
