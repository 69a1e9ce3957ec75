"""Functions: what a request costs, who waits for whom, how much is written.

Each part asks all servers in turn within a round, and the order turns from round to
round; ratios are of one round, and their median is shown. workerd and PocketBase are
found in PATH, or where WORKERD and POCKETBASE say.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request

from bench import (
    PORT, WORK, Node, cpu_seconds, descendants, fresh, median, wait_until,
)

HELLO = {
    "fazt": "export default function (req) { return { message: 'Hello', n: req.query.n } }\n",
    "workerd": """export default { fetch(request) {
  const n = new URL(request.url).searchParams.get("n");
  return Response.json({ message: "Hello", n });
} }
""",
    "pocketbase": """routerAdd("GET", "/api/hello", (e) => {
  return e.json(200, { message: "Hello", n: e.request.url.query().get("n") })
})
""",
}

# The same work in each: 50 KB of JSON read, changed, written.
WORK_JS = """
const rows = [];
for (let i = 0; i < 400; i++) rows.push({ id: i, name: "Name " + i, tags: ["a", "b", "c" + i],
  price: i * 1.25, note: "some words about row " + i + " that make it as long as rows are" });
const TEXT = JSON.stringify({ rows });
function transform() {
  const data = JSON.parse(TEXT);
  const out = data.rows.filter((r) => r.id % 2 == 0)
    .map((r) => ({ ...r, total: r.price * 2, label: r.name.toUpperCase() }));
  return JSON.stringify({ rows: out, all: data.rows }).length;
}
function sort() {
  const list = [];
  for (let i = 0; i < 1000; i++) list.push({ k: (i * 7919) % 1000, v: "v" + i });
  list.sort((a, b) => a.k - b.k);
  return list.map((x) => x.v.length).filter((n) => n > 2).length;
}
function template() {
  const page = "<li>{{name}} costs {{price}} <b>{{note}}</b></li>";
  let html = "";
  for (let i = 0; i < 50; i++) {
    const row = rows[i];
    html += page.replace(/{{(\\w+)}}/g, (_, key) => String(row[key]).replace(/&/g, "&amp;")
      .replace(/</g, "&lt;"));
  }
  return html.length;
}
"""
WORKS = ("transform", "sort", "template")

WRITES = """export default function (req) {
  return { id: fazt.app.ds.insert("records", { title: "hello", n: 1 }) };
}
"""
KV_WRITES = """export default function (req) {
  fazt.app.kv.set("k" + Math.floor(Math.random() * 10000), { n: 1 });
  return { ok: true };
}
"""
MIXED = """export default function (req) {
  const key = "k" + Math.floor(Math.random() * 1000);
  if (Math.random() < 0.3) { fazt.app.kv.set(key, { n: 1 }); return { ok: true }; }
  return { value: fazt.app.kv.get(key) ?? null };
}
"""
SPIN = "export default function () { while (true) {} }\n"


def wrk(port, path, host, seconds, connections=64, threads=1, script=None, body=None):
    """Requests a second, p50 and p99 in milliseconds, failures."""
    lua = WORK / "functions.lua"
    post = f"wrk.method = 'POST'; wrk.headers['Content-Type'] = 'application/json'; wrk.body = '{body}'" if body else ""
    lua.write_text(post + """
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format("%d %d %d %d %d\\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), e.connect + e.read + e.write + e.status + e.timeout))
end
""")
    done = subprocess.run(
        ["wrk", f"-t{threads}", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", str(lua),
         "-H", f"Host: {host}", f"http://127.0.0.1:{port}{path}"],
        stdout=subprocess.PIPE, text=True, check=True,
    )
    requests, us, p50, p99, errors = map(int, done.stdout.strip().splitlines()[-1].split())
    return {
        "requests": requests, "rate": requests / (us / 1e6), "p50": p50 / 1000, "p99": p99 / 1000,
        "errors": errors,
    }


class Process:
    """A peer: started, asked, stopped."""

    def __init__(self, name, command, folder, port, ready="/"):
        self.name, self.port = name, port
        self.log = open(folder / "log", "w")
        self.process = subprocess.Popen(command, cwd=folder, stdout=self.log, stderr=self.log,
                                        start_new_session=True)
        wait_until(lambda: status(port, ready) is not None)

    @property
    def pid(self):
        return self.process.pid

    def stop(self):
        os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait()
        self.log.close()


def status(port, path, host="localhost"):
    try:
        request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"Host": host})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
    except OSError:
        return None


def deploy(node, name, files):
    folder = fresh(f"functions-{name}")
    (folder / "api").mkdir()
    (folder / "manifest.json").write_text(json.dumps({"name": name}))
    (folder / "index.html").write_text("hello")
    for file, text in files.items():
        (folder / "api" / file).write_text(text)
    node.fazt("deploy", str(folder))


def start_fazt():
    folder = fresh("functions-node")
    node = Node(folder / "data.db").start()
    works = {f"{name}.js": WORK_JS + f"export default () => ({{ n: {name}() }});\n".replace(
        "export default () => ", "export default function () { return ").replace(";\n", " }\n")
        for name in WORKS}
    deploy(node, "fn", {
        "hello.js": HELLO["fazt"], "writes.js": WRITES, "kv.js": KV_WRITES, "mixed.js": MIXED, **works,
    })
    deploy(node, "spin", {"spin.js": SPIN})
    return node


def start_workerd(port):
    program = os.environ.get("WORKERD") or shutil.which("workerd")
    if not program:
        return None
    folder = fresh("functions-workerd")
    (folder / "hello.js").write_text(HELLO["workerd"])
    (folder / "config.capnp").write_text(f"""using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .hello)],
  sockets = [(name = "http", address = "127.0.0.1:{port}", http = (), service = "main")],
);
const hello :Workerd.Worker = (
  modules = [(name = "hello.js", esModule = embed "hello.js")],
  compatibilityDate = "2025-01-01",
);
""")
    return Process("workerd", [program, "serve", "config.capnp"], folder, port)


def start_pocketbase(port):
    program = os.environ.get("POCKETBASE") or shutil.which("pocketbase")
    if not program:
        return None
    folder = fresh("functions-pocketbase")
    hooks = folder / "pb_hooks"
    hooks.mkdir()
    (hooks / "main.pb.js").write_text(HELLO["pocketbase"] + "".join(
        f'routerAdd("GET", "/api/{name}", (e) => {{\n'
        f'  const work = require(`${{__hooks}}/work.js`);\n'
        f'  return e.json(200, {{ n: work.{name}() }})\n}})\n' for name in WORKS))
    (hooks / "work.js").write_text(
        WORK_JS + "module.exports = { " + ", ".join(WORKS) + " }\n")
    (folder / "pb_migrations").mkdir()
    (folder / "pb_migrations/1_records.js").write_text("""migrate((app) => {
  app.save(new Collection({ type: "base", name: "records", createRule: "", listRule: "",
    fields: [{ name: "title", type: "text" }, { name: "n", type: "number" }] }))
}, () => {})
""")
    return Process("pocketbase", [program, "serve", "--http", f"127.0.0.1:{port}", "--dir",
                   str(folder / "data"), "--hooksDir", str(hooks), "--migrationsDir",
                   str(folder / "pb_migrations"), "--hooksWatch=false"], folder, port, "/api/health")


def cost(server, port, path, host, seconds, **options):
    """One round at one server: its CPU time for a request beside wrk's figures."""
    before = cpu_seconds(server)
    run = wrk(port, path, host, seconds, **options)
    run["cpu"] = (cpu_seconds(server) - before) / max(run["requests"], 1) * 1e6
    return run


def compare(parts, rounds):
    """Runs `parts` (name to a function) in turning order and gives each one's rounds."""
    names, results = list(parts), {name: [] for name in parts}
    for turn in range(rounds):
        for name in names[turn % len(names):] + names[:turn % len(names)]:
            results[name].append(parts[name]())
    return results


def show(title, results, base="fazt"):
    print(f"\n{title}")
    for name, runs in results.items():
        errors = sum(run["errors"] for run in runs)
        ratio = median([a["cpu"] / max(b["cpu"], 0.01) for a, b in zip(results[base], runs)])
        faster = median([a["rate"] / b["rate"] for a, b in zip(results[base], runs)])
        print(f"  {name:<12} {median([r['cpu'] for r in runs]):8.1f} us CPU  "
              f"{median([r['rate'] for r in runs]):9.0f} req/s  p50 {median([r['p50'] for r in runs]):7.2f} ms  "
              f"p99 {median([r['p99'] for r in runs]):7.2f} ms  errors {errors}"
              + ("" if name == base else f"   fazt is {ratio:.2f} of its CPU, {faster:.2f} x its rate"))
    sys.stdout.flush()


def private(pid):
    """Bytes of a process that are nobody else's."""
    total = 0
    for line in open(f"/proc/{pid}/smaps_rollup"):
        if line.startswith(("Private_Clean", "Private_Dirty")):
            total += int(line.split()[1]) * 1024
    return total


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--parts", default="hello,work,writes,neighbour,memory")
    options = parser.parse_args()
    parts = options.parts.split(",")
    seconds, rounds = options.seconds, options.rounds
    WORK.mkdir(parents=True, exist_ok=True)
    node = start_fazt()
    peers = [start_workerd(PORT + 1), start_pocketbase(PORT + 2)]
    workerd, pocketbase = peers
    try:
        fazt = lambda path, **more: lambda: cost(node.pid, PORT, path, "fn.localhost", seconds, **more)
        peer = lambda it, path, **more: lambda: cost(it.pid, it.port, path, "localhost", seconds, **more)
        if "hello" in parts:
            who = {"fazt": fazt("/api/hello?n=5")}
            who |= {p.name: peer(p, "/api/hello?n=5") for p in peers if p}
            show("GET /api/hello, 64 connections", compare(who, rounds))
        if "work" in parts:
            for name in WORKS:
                who = {"fazt": fazt(f"/api/{name}", connections=8)}
                if pocketbase:
                    who["pocketbase"] = peer(pocketbase, f"/api/{name}", connections=8)
                show(f"{name}, 8 connections", compare(who, rounds))
        if "writes" in parts:
            who = {"fazt": fazt("/api/writes"), "fazt kv": fazt("/api/kv"), "fazt mixed": fazt("/api/mixed")}
            if pocketbase:
                who["pocketbase"] = peer(pocketbase, "/api/collections/records/records",
                                         body='{"title":"hello","n":1}')
            show("durable writes, 64 connections", compare(who, rounds))
        if "neighbour" in parts:
            alone = [fazt("/api/hello", connections=16)() for _ in range(rounds)]
            spin = subprocess.Popen(
                ["wrk", "-t1", "-c16", f"-d{seconds * rounds + 6}s", "-H", "Host: spin.localhost",
                 f"http://127.0.0.1:{PORT}/api/spin"], stdout=subprocess.DEVNULL)
            time.sleep(3)
            beside = [fazt("/api/hello", connections=16)() for _ in range(rounds)]
            spin.kill()
            spin.wait()
            rate = median([b["rate"] / a["rate"] for a, b in zip(alone, beside)])
            p50 = median([b["p50"] / a["p50"] for a, b in zip(alone, beside)])
            print(f"\n16 connections beside 16 that spin for ever: {rate:.2f} of the rate, p50 {p50:.2f} x"
                  f" ({median([a['rate'] for a in alone]):.0f} -> {median([b['rate'] for b in beside]):.0f} req/s,"
                  f" p50 {median([a['p50'] for a in alone]):.2f} -> {median([b['p50'] for b in beside]):.2f} ms)")
        if "memory" in parts:
            workers = [pid for pid in descendants(node.pid) if pid != node.pid]
            sizes = sorted(private(pid) / (1 << 20) for pid in workers)
            print(f"\n{len(workers)} workers, private MiB: {', '.join(f'{size:.1f}' for size in sizes)}")
    finally:
        for it in peers:
            if it:
                it.stop()
        node.stop()


main()
