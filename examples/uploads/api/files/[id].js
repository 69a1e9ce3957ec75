// /api/files/ID: one file.
import { found, named, seeOther } from "../_lib/files.js";
import { html, page } from "../_lib/page.js";

// Downloads it. Strangers sent it, so no browser is asked to show it.
export function GET(req) {
  const file = found(req.params.id);
  if (!file) return missing();
  const { data, type, etag } = fazt.app.s3.get(file.path);
  const name = encodeURIComponent(named(file.path).name).replaceAll("'", "%27");
  return {
    headers: {
      "content-type": type,
      "content-disposition": `attachment; filename*=UTF-8''${name}`,
      "content-security-policy": "sandbox",
      etag: `"${etag}"`,
    },
    body: data,
  };
}

// Deletes it; forms have no DELETE.
export function POST(req) {
  const file = found(req.params.id);
  if (!file) return missing();
  fazt.app.s3.delete(file.path);
  return seeOther("/");
}

export function DELETE(req) {
  const file = found(req.params.id);
  if (!file) return { status: 404, body: { error: "there is no such file" } };
  fazt.app.s3.delete(file.path);
}

const missing = () =>
  page({ status: 404, main: html`<p>There is no such file. <a href="/">See those there are.</a></p>` });
