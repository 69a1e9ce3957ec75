// A router in a few lines.
import { AutoRouter, error } from "itty-router";

const router = AutoRouter();
router
  .get("/hello/:name?", ({ name }) => ({ hello: name }))
  .get("/list", () => [1, 2])
  .get("/no", () => error(403, "not you"));

export const expected = { hello: { hello: "Ann" }, list: [1, 2], no: [403, "not you"], none: 404 };

export default async () => {
  const ask = (path) => router.fetch(new Request(`http://a${path}`));
  const no = await ask("/no");
  return {
    hello: await (await ask("/hello/Ann")).json(),
    list: await (await ask("/list")).json(),
    no: [no.status, (await no.json()).error],
    none: (await ask("/none")).status,
  };
};
