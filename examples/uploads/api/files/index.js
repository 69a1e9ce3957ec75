// /api/files: the page with all files, and what its form sends.
import { MOST, named, place, seeOther } from "../_lib/files.js";
import { html, page } from "../_lib/page.js";

export function GET() {
  return shown(200);
}

// A form of the type `multipart/form-data`: fields are in `body`, files in `files`.
export function POST(req) {
  const { s3 } = fazt.app;
  // A form whose field was left empty sends a file without name or content.
  const files = req.files.filter((file) => file.name === "file" && file.filename);
  if (files.length === 0) return shown(422, "Choose a file first.");
  const long = files.find((file) => file.size > MOST);
  if (long) return shown(413, `${long.filename} is longer than ${bytes(MOST)}.`);
  for (const { filename, type, data } of files) {
    s3.put(place(crypto.randomUUID(), filename), data, { type });
  }
  return seeOther("/");
}

function shown(status, wrong) {
  const files = fazt.app.s3.list("files/").map((file) => ({ ...file, ...named(file.path) }));
  files.sort((a, b) => b.updatedAt - a.updatedAt);
  return page({
    status,
    main: html`
      <form action="/api/files" method="post" enctype="multipart/form-data">
        <label for="file">Files, ${bytes(MOST)} each at most</label>
        <input id="file" name="file" type="file" multiple required
          ${wrong && html`aria-invalid="true" aria-describedby="wrong"`}>
        ${wrong && html`<p class="wrong" id="wrong" role="alert">${wrong}</p>`}
        <button>Upload</button>
      </form>
      <h2>${files.length === 1 ? "One file" : `${files.length} files`}</h2>
      <ul>${files.map(row)}</ul>`,
  });
}

const row = ({ id, name, path, type, size, updatedAt }) => html`
  <li>
    ${/^image\/(png|jpeg|gif|webp|avif)$/.test(type)
      ? html`<img src="${fazt.app.s3.url(path)}" alt="" width="56" height="56" loading="lazy">`
      : html`<span class="kind" aria-hidden="true">${name.split(".").pop().slice(0, 4)}</span>`}
    <div>
      <a href="/api/files/${id}">${name}</a>
      <small>${bytes(size)}, <time datetime="${new Date(updatedAt).toISOString()}">${new Date(
        updatedAt,
      ).toISOString().slice(0, 10)}</time></small>
    </div>
    <form action="/api/files/${id}" method="post">
      <button aria-label="Delete ${name}">Delete</button>
    </form>
  </li>`;

function bytes(size) {
  if (size < 1024) return `${size} B`;
  if (size < 1024 * 1024) return `${(size / 1024).toFixed(1)} KiB`;
  return `${(size / 1024 / 1024).toFixed(1)} MiB`;
}
