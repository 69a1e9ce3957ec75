// A name that starts with `_` is a library: others import it, no path leads here.

export function greet(name = "") {
  const known = name.trim().slice(0, 40) || "stranger";
  // Counted over all visitors, versions and restarts.
  const greetings = fazt.app.kv.incr("greetings");
  return { message: `Hello, ${known}.`, greetings };
}
