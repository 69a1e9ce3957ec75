// /api/todos/ID: one of them.
import { problem, titleOf } from "../_lib/todos.js";

const none = (req) => problem(404, `there is no todo ${req.params.id}`);

export function GET(req) {
  return fazt.app.ds.findOne("todos", req.params.id) ?? none(req);
}

// Changes what is given: {"title": …}, {"done": …} or both.
export function PATCH(req) {
  const change = {};
  const given = Object(req.body);
  if ("title" in given) {
    const { title, wrong } = titleOf(given);
    if (wrong) return problem(422, wrong);
    change.title = title;
  }
  if ("done" in given) {
    if (typeof given.done !== "boolean") return problem(422, "`done` is true or false");
    change.done = given.done;
  }
  if (Object.keys(change).length === 0) return problem(422, "send `title` or `done`");
  const { ds } = fazt.app;
  return ds.update("todos", req.params.id, change)
    ? ds.findOne("todos", req.params.id)
    : none(req);
}

// Nothing to say is 204.
export function DELETE(req) {
  if (!fazt.app.ds.delete("todos", req.params.id)) return none(req);
}
