// What both files of the API say in the same way.

export const problem = (status, error) => ({ status, body: { error } });

/** The title in a body, or what is wrong with it. */
export function titleOf(body) {
  const title = typeof body?.title === "string" ? body.title.trim() : "";
  if (!title) return { wrong: "`title` is missing" };
  if (title.length > 200) return { wrong: "`title` is longer than 200 characters" };
  return { title };
}
