// /api/hello
import { greet } from "../_lib/greet.js";

// GET /api/hello?name=Ann
export function GET(req) {
  return greet(req.query.name);
}

// POST /api/hello with {"name": "Ann"}
export function POST(req) {
  const name = req.body?.name;
  if (typeof name !== "string") {
    return { status: 400, body: { error: 'send JSON: {"name": "Ann"}' } };
  }
  return greet(name);
}
