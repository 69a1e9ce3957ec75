// A router in the form of Workers: this file is an app of its own, too.
import { Hono } from "hono";

const app = new Hono().basePath("/api/hono");
app.use(async (c, next) => {
  await next();
  c.header("x-by", "hono");
});
app.get("/users/:id", (c) => c.json({ id: c.req.param("id"), q: c.req.query("q") ?? null }));
app.post("/echo", async (c) => c.text((await c.req.json()).text, 201));
app.notFound((c) => c.json({ missing: c.req.path }, 404));

export const expected = {
  user: [200, { id: "42", q: "x" }, "hono"],
  echo: [201, "hi"],
  none: [404, { missing: "/api/hono/none" }],
};

export default async () => {
  const user = await app.request("http://a/api/hono/users/42?q=x");
  const echo = await app.request("http://a/api/hono/echo", {
    method: "POST", body: JSON.stringify({ text: "hi" }),
  });
  const none = await app.request("http://a/api/hono/none");
  return {
    user: [user.status, await user.json(), user.headers.get("x-by")],
    echo: [echo.status, await echo.text()],
    none: [none.status, await none.json()],
  };
};
