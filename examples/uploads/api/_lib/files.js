// Where files are kept: `files/ID/NAME`, since names come twice and ids do not.

export const MOST = 5 * 1024 * 1024;

export const place = (id, name) => `files/${id}/${plain(name)}`;

export function named(path) {
  const [, id, ...name] = path.split("/");
  return { id, name: name.join("/") };
}

/** The object with an id, without its content. */
export function found(id) {
  if (!/^[0-9a-f-]{36}$/.test(id)) return undefined;
  return fazt.app.s3.list(`files/${id}/`, { limit: 1 })[0];
}

export const seeOther = (location) => ({ status: 303, headers: { location } });

/** A file's name without folders and signs that nobody sees. */
function plain(name) {
  const last = name.split(/[/\\]/).pop().replace(/[\p{Cc}\p{Cf}]/gu, "").trim();
  return Array.from(last).slice(0, 100).join("") || "file";
}
