// Strangers' HTML, with what is dangerous taken out.
import sanitizeHtml from "sanitize-html";

export const expected = {
  plain: "<p>Hi <b>you</b></p>",
  link: "<a href=\"https://example.com\" rel=\"nofollow\">x</a><a>y</a>",
  style: "<i style=\"color:red\">a</i>",
};

export default () => ({
  plain: sanitizeHtml("<p onclick=x()>Hi <b>you</b><script>alert(1)</script></p>"),
  link: sanitizeHtml('<a href="https://example.com">x</a><a href="javascript:x()">y</a>', {
    allowedAttributes: { a: ["href", "rel"] },
    transformTags: {
      a: (tagName, attribs) => ({ tagName, attribs: attribs.href?.startsWith("https:") ? { ...attribs, rel: "nofollow" } : attribs }),
    },
  }),
  style: sanitizeHtml('<i style="color:red;position:fixed">a</i>', {
    allowedTags: ["i"], allowedAttributes: { i: ["style"] }, allowedStyles: { i: { color: [/^red$/] } },
  }),
});
