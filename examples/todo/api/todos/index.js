// /api/todos: the list, and a new one in it.
import { problem, titleOf } from "../_lib/todos.js";

const MOST = 500;

export function GET() {
  const todos = fazt.app.ds.find("todos", {}, { sort: "at", limit: MOST });
  return { todos: [...todos] };
}

export function POST(req) {
  const { title, wrong } = titleOf(req.body);
  if (wrong) return problem(422, wrong);
  if (fazt.app.ds.count("todos") >= MOST) return problem(409, `${MOST} are enough; do some`);
  const todo = { id: crypto.randomUUID(), title, done: false, at: new Date().toISOString() };
  fazt.app.ds.insert("todos", todo);
  return { status: 201, headers: { location: `/api/todos/${todo.id}` }, body: todo };
}
