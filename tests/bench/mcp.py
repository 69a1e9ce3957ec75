"""Agents: the MCP face under load, its first bytes, its start, its memory.

Read tools are asked over HTTP by the newest revision, which has no sessions, on
64 connections by wrk: first as fast as answers come (closed), which says what a
call costs, then by clients that think between calls so that the node is about half
busy (paced), which says how long a call takes. In the first, a call waits for the
63 others on the same cores as wrk; only the second says anything about latency. It
holds wrk's own share and what else runs on the machine: as a floor, `/health` is
asked at the same pace right after.
"""

import argparse
import http.client
import json
import socket
import subprocess
import sys
import threading
import time

from bench import (
    FAZT, PORT, WORK, Node, children_cpu, cpu_seconds, fresh, median, page, resident, wait_until,
)

APPS, FILES = 100, 20
MODERN, LEGACY = "2026-07-28", "2025-11-25"
MIB = 1 << 20
ACCEPT = "application/json, text/event-stream"
# A limit for agents that run wild is no subject here.
RATE = {"FAZT_TOKEN_RATE": "1000000"}

TOOLS = {
    "list_apps": {},
    "get_app": {"app": "app7"},
    "list_files": {"app": "app7"},
    "read_file": {"app": "app7", "path": "page-3.html"},
    "status": {},
}
# What stands beside them: the least the node answers, and the same list by the API.
FLOORS = {"GET /health": "/health", "GET /api/apps": "/api/apps"}

# `delay` makes wrk a number of clients that think, evenly up to twice the mean.
SCRIPT = """
wrk.method = %s
wrk.body = %s
local headers = {%s}
for name, value in pairs(headers) do wrk.headers[name] = value end
local think = %d
if think > 0 then
  function delay() return math.random(0, 2 * think) end
end
done = function(summary, latency)
  local errors = summary.errors
  io.write(string.format("%%d %%d %%d %%d %%d\\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
"""


def lua(text):
    return "nil" if text is None else "[==[" + text + "]==]"


def modern(token, method, params, progress=None):
    """Body and headers of a request of the newest revision."""
    meta = {
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": {"name": "bench", "version": "1"},
    }
    if progress:
        meta["progressToken"] = progress
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {**params, "_meta": meta}}
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/json",
        "Accept": ACCEPT,
        "MCP-Protocol-Version": MODERN,
        "Mcp-Method": method,
    }
    if "name" in params:
        headers["Mcp-Name"] = params["name"]
    return json.dumps(body), headers


def tool(token, name, arguments, progress=None):
    return modern(token, "tools/call", {"name": name, "arguments": arguments}, progress)


def fill(node, token):
    """A hundred apps of twenty pages, and their variants made."""
    for app in range(APPS):
        files = [
            {"path": f"page-{file}.html", "content": page(2_000, f"{app}/{file}").decode()}
            for file in range(FILES)
        ]
        node.call(token, "/api/deploy", {"app": f"app{app}", "files": files})

    def variants_are_made():
        return node.call(token, "/api/status")["queues"]["compression"] == 0

    wait_until(variants_are_made, seconds=300, pause=0.2)


class Report:
    """Prints figures as they come, and keeps them."""

    def __init__(self, quiet):
        self.quiet, self.held, self.found = quiet, True, {}

    def line(self, text):
        if not self.quiet:
            print(text, flush=True)

    def goal(self, what, found, unit, limit=None, more=""):
        held = limit is None or found <= limit
        self.held &= held
        self.found[what] = {"is": found, "unit": unit, "limit": limit}
        word = "" if limit is None else f"goal ≤ {limit:.0f}: {'held' if held else 'missed'}"
        self.line(f"{what:<56}{found:>8.2f} {unit:<4}{word:<22}{more}".rstrip())


# Reading under load.


def load(node, options, path, body, headers, think=0):
    """One run of wrk: rate, CPU µs of the node and of both ends, latencies in ms."""
    script = WORK / "mcp.lua"
    pairs = ", ".join(f"[ {lua(name)} ] = {lua(value)}" for name, value in headers.items())
    method = "GET" if body is None else "POST"
    script.write_text(SCRIPT % (lua(method), lua(body), pairs, think))
    before, ours = cpu_seconds(node.pid), children_cpu()
    done = subprocess.run(
        ["wrk", "-t2", f"-c{options.connections}", f"-d{options.seconds}s", "-s", str(script),
         f"http://127.0.0.1:{node.port}{path}"],
        capture_output=True, text=True, check=True,
    )
    used, wrk = cpu_seconds(node.pid) - before, children_cpu() - ours
    requests, duration, p50, p99, errors = map(int, done.stdout.splitlines()[-1].split())
    if errors:
        sys.exit(f"{path}: {errors} wrong answers to {body}")
    return {
        "rate": requests / duration * 1e6,
        "server": used / requests * 1e6,
        "both": (used + wrk) / requests * 1e6,
        "p50": p50 / 1000,
        "p99": p99 / 1000,
    }


def asked(node, token, name):
    """How a case is asked: path, body, headers."""
    if name in FLOORS:
        return FLOORS[name], None, {"Authorization": f"Bearer {token}"}
    return ("/mcp", *tool(token, name, TOOLS[name]))


def check(node, token, name):
    """A wrong answer is quick: each is looked at once before it is counted."""
    path, body, headers = asked(node, token, name)
    asking = http.client.HTTPConnection("127.0.0.1", node.port)
    asking.request("GET" if body is None else "POST", path, body=body, headers=headers)
    answer = asking.getresponse()
    text = answer.read().decode()
    if answer.status != 200 or (body and "structuredContent" not in text):
        sys.exit(f"{name} is answered {answer.status}: {text[:400]}")
    return len(text)


def reading(node, token, options, report):
    names = [*FLOORS, *TOOLS]
    sizes = {name: check(node, token, name) for name in names}
    rounds = []
    for turn in range(options.times + 1):
        order = names[turn % len(names):] + names[:turn % len(names)]
        found = {}
        for name in order:
            closed = load(node, options, *asked(node, token, name))
            # Half of what came: 64 clients, each answered and thinking in turns.
            think = max(1, round(options.connections / (closed["rate"] / 2) * 1000))
            paced = load(node, options, *asked(node, token, name), think=think)
            floor = load(node, options, *asked(node, token, "GET /health"), think=think)
            found[name] = {"closed": closed, "paced": paced, "floor": floor}
        # The first round warms up.
        if turn:
            rounds.append(found)

    def middle(name, kind, key):
        return median(turn[name][kind][key] for turn in rounds)

    def ratio(name, base):
        return median(
            turn[name]["closed"]["server"] / turn[base]["closed"]["server"] for turn in rounds
        )

    report.line(f"\n{options.connections} connections, medians of {len(rounds)} rounds\n")
    report.line(f"{'':<15}{'':>7}|{'closed':^44}|{'paced':^33}")
    report.line(f"{'':<15}{'bytes':>7}|{'req/s':>7}{'p50 ms':>8}{'p99 ms':>8}{'CPU µs':>8}"
                f"{'× apps':>7}{'':>6}|{'req/s':>7}{'p50 ms':>8}{'p99 ms':>8}{'floor p99':>10}")
    for name in names:
        report.line(
            f"{name:<15}{sizes[name]:>7}|{middle(name, 'closed', 'rate'):>7.0f}"
            f"{middle(name, 'closed', 'p50'):>8.1f}{middle(name, 'closed', 'p99'):>8.1f}"
            f"{middle(name, 'closed', 'server'):>8.0f}{ratio(name, 'GET /api/apps'):>7.2f}{'':>6}|"
            f"{middle(name, 'paced', 'rate'):>7.0f}{middle(name, 'paced', 'p50'):>8.2f}"
            f"{middle(name, 'paced', 'p99'):>8.2f}{middle(name, 'floor', 'p99'):>10.2f}")
    report.line("")
    report.found["rounds"] = rounds
    for name in TOOLS:
        report.goal(f"{name}, paced, p99", middle(name, "paced", "p99"), "ms", 5,
                    f"the floor's {middle(name, 'floor', 'p99'):.2f}")


# First bytes.


def first_byte(node, body, headers):
    """Milliseconds from the last byte sent to the first that comes back."""
    body = body.encode()
    head = "POST /mcp HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + "".join(
        f"{name}: {value}\r\n" for name, value in headers.items()
    ) + f"Content-Length: {len(body)}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", node.port)) as connection:
        connection.sendall(head.encode() + body)
        start = time.perf_counter()
        answer = connection.recv(1)
        taken = (time.perf_counter() - start) * 1000
        while piece := connection.recv(1 << 16):
            answer += piece
        whole = (time.perf_counter() - start) * 1000
    if b" 200 " not in answer[:20] or b"notifications/progress" not in answer:
        sys.exit(f"no progress was told: {answer[:400]!r}")
    return taken, whole


def first_bytes(node, token, options, report):
    def deploy(turn):
        files = [
            {"path": f"page-{file}.html", "content": page(40_000, f"{turn}/{file}").decode()}
            for file in range(FILES)
        ]
        return tool(token, "deploy", {"app": "first-byte", "files": files}, f"deploy-{turn}")

    def read(turn):
        return tool(token, "list_apps", {}, f"read-{turn}")

    for what, request in (("deploy of 800 KB inline", deploy), ("list_apps", read)):
        times = [first_byte(node, *request(turn)) for turn in range(options.times * 5)]
        firsts = [first for first, _ in times]
        whole = median(whole for _, whole in times)
        report.goal(f"{what}, first byte with a progress token", max(firsts), "ms", 100,
                    f"median {median(firsts):.2f}, whole answer {whole:.1f}")


# `fazt mcp`.


def spawned(node, port, request):
    """Milliseconds from the start of `fazt mcp` to its first answer."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [str(FAZT), "--db", str(node.db), "mcp", "--port", str(port)], env=node.environment,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )
    process.stdin.write(request.encode() + b"\n")
    process.stdin.flush()
    answer = json.loads(process.stdout.readline())
    taken = (time.perf_counter() - start) * 1000
    process.stdin.close()
    process.wait(30)
    if "result" not in answer:
        sys.exit(f"`fazt mcp` refused: {answer}")
    return taken


def starts(node, _, options, report):
    requests = {"initialize": json.dumps(initialize()),
                "server/discover": modern("", "server/discover", {})[0]}
    for name, request in requests.items():
        times = []
        for turn in range(options.times * 3):
            cold = Node(fresh("mcp-cold") / "data.db")
            times.append(spawned(cold, PORT + 31, request))
        report.goal(f"fazt mcp, new database, {name}", max(times), "ms", 150,
                    f"median {median(times):.1f}")
        times = [spawned(node, PORT + 32, request) for _ in range(options.times * 3)]
        report.goal(f"fazt mcp beside a node, {name}", max(times), "ms", 150,
                    f"median {median(times):.1f}")


# Memory.


def initialize(revision=LEGACY):
    return {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": revision, "capabilities": {},
        "clientInfo": {"name": "bench", "version": "1"}}}


READY = {"jsonrpc": "2.0", "method": "notifications/initialized"}
CALL = {"jsonrpc": "2.0", "id": 2, "method": "tools/call",
        "params": {"name": "get_app", "arguments": {"app": "app7"}}}


class Older:
    """A client of an older revision, on one connection."""

    def __init__(self, node, token):
        self.connection = http.client.HTTPConnection("127.0.0.1", node.port, timeout=60)
        self.headers = {"Authorization": f"Bearer {token}", "Accept": ACCEPT,
                        "Content-Type": "application/json"}

    def send(self, message, path="/mcp", method="POST", wanted=(200, 202, 204), **more):
        body = None if message is None else json.dumps(message)
        self.connection.request(method, path, body=body, headers={**self.headers, **more})
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status not in wanted:
            sys.exit(f"{method} {path} is answered {answer.status}: {text[:400]!r}")
        return answer, text

    def session(self, ended):
        answer, _ = self.send(initialize())
        known = {"Mcp-Session-Id": answer.getheader("mcp-session-id"),
                 "MCP-Protocol-Version": LEGACY}
        self.send(READY, **known)
        _, text = self.send(CALL, **known)
        if b"structuredContent" not in text:
            sys.exit(f"a session's call is answered {text[:400]!r}")
        if ended:
            self.send(None, method="DELETE", **known)


def pair(node, token):
    """Opens the oldest revision's pair, begins a session, and hangs up."""
    events = http.client.HTTPConnection("127.0.0.1", node.port, timeout=60)
    events.request("GET", "/sse", headers={"Authorization": f"Bearer {token}"})
    stream = events.getresponse()

    def next_event():
        while line := stream.readline():
            if line.startswith(b"data: "):
                return line[6:].strip().decode()
        return sys.exit("a stream of events ended")

    older = Older(node, token)
    older.send(initialize("2024-11-05"), path=next_event())
    next_event()
    older.connection.close()
    # The answer holds the socket.
    stream.close()
    events.close()


def in_threads(count, threads, work):
    """Does `work` so many times, in threads; `work` is made by each thread."""
    left, lock, failed = [count], threading.Lock(), []

    def run():
        one = work()
        while True:
            with lock:
                if not left[0] or failed:
                    return
                left[0] -= 1
            try:
                one()
            except BaseException as error:  # `sys.exit` of a thread ends only that thread
                failed.append(error)

    running = [threading.Thread(target=run) for _ in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    if failed:
        raise failed[0]


def grow(node, report, what, counts, work):
    """Memory after so many in all; what the second half adds must be little."""
    sizes, done = {0: resident(node.pid)}, 0
    for count in counts:
        in_threads(count - done, 16, work)
        done = count
        time.sleep(0.5)
        sizes[count] = resident(node.pid)
    report.line(f"{what}: " + ", ".join(
        f"{count:,}: {all_of_it / MIB:.1f} MiB ({own / MIB:.1f} its own)"
        for count, (all_of_it, own) in sizes.items()))
    half, last = sizes[counts[-2]][0], sizes[counts[-1]][0]
    report.goal(f"  the last {counts[-1] - counts[-2]:,} add", (last - half) / MIB, "MiB",
                max(8, half * 0.05 / MIB))


def memory(node, token, options, report):
    def sessions(ended):
        def work():
            client = Older(node, token)
            return lambda: client.session(ended)
        return work

    in_threads(200, 16, sessions(True))
    many = options.sessions
    counts = (many // 5, many // 2, many)
    grow(node, report, "sessions ended", counts, sessions(True))
    grow(node, report, "sessions dropped", counts, sessions(False))
    pairs = max(many // 10, 2)
    grow(node, report, "pairs opened and closed", (pairs // 2, pairs),
         lambda: lambda: pair(node, token))


PARTS = {"reading": reading, "first": first_bytes, "starts": starts, "memory": memory}


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--parts", default=",".join(PARTS), help="which, separated by commas")
    options.add_argument("--times", type=int, default=5, help="rounds; starts: three times it")
    options.add_argument("--seconds", type=int, default=3, help="length of a run of wrk")
    options.add_argument("--connections", type=int, default=64)
    options.add_argument("--sessions", type=int, default=10_000)
    options.add_argument("--json", action="store_true", help="print everything found as JSON")
    options.add_argument("--gate", action="store_true", help="exit 1 when a goal is missed")
    options.add_argument("--hold", action="store_true", help="start the node, measure nothing")
    options = options.parse_args()
    report = Report(options.json)
    db = fresh("mcp") / "data.db"
    with Node(db, port=PORT + 30, **RATE) as node:
        token = node.token()
        fill(node, token)
        if options.hold:
            body, headers = tool(token, "list_apps", {})
            print(json.dumps({"port": node.port, "pid": node.pid, "token": token,
                              "body": body, "headers": headers}), flush=True)
            sys.stdin.read()
            return
        for part in options.parts.split(","):
            PARTS[part](node, token, options, report)
    if options.json:
        print(json.dumps(report.found))
    sys.exit(1 if options.gate and not report.held else 0)


if __name__ == "__main__":
    main()
