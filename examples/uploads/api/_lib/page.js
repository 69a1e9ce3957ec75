// HTML in which everything that is put in is text, unless it is HTML already.

class Html {
  constructor(text) {
    this.text = text;
  }
}

const signs = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

function shown(value) {
  if (value instanceof Html) return value.text;
  if (Array.isArray(value)) return value.map(shown).join("");
  if (value === undefined || value === null || value === false) return "";
  return String(value).replace(/[&<>"']/g, (sign) => signs[sign]);
}

/** html`<p>${text}</p>` */
export function html(parts, ...values) {
  return new Html(parts.reduce((all, part, n) => all + shown(values[n - 1]) + part));
}

/** A whole page, as an answer. */
export function page({ status = 200, main }) {
  const { text } = html`<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <title>Uploads</title>
  <link rel="icon" href="/favicon.svg" type="image/svg+xml">
  <link rel="stylesheet" href="/style.css">
</head>
<body>
  <header><h1>Uploads</h1></header>
  <main>${main}</main>
</body>
</html>
`;
  return {
    status,
    headers: {
      "content-type": "text/html; charset=utf-8",
      // `_headers` is for files; a function says its own.
      "content-security-policy":
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; " +
        "base-uri 'none'; frame-ancestors 'none'",
    },
    body: text,
  };
}
