// Markdown by CommonMark, with links found in text.
import MarkdownIt from "markdown-it";

export const expected = {
  html: "<h2>Title</h2>\n<p>See <a href=\"https://example.com\">https://example.com</a> &amp; “this”.</p>\n",
  code: "<pre><code class=\"language-js\">let a = 1;\n</code></pre>\n",
  raw: "<p>&lt;script&gt;</p>\n",
};

export default () => {
  const md = new MarkdownIt({ linkify: true, typographer: true });
  return {
    html: md.render("## Title\n\nSee https://example.com & \"this\"."),
    code: md.render("```js\nlet a = 1;\n```"),
    raw: md.render("<script>"),
  };
};
