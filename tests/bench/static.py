"""Static files: fazt, nginx and bare hyper, the same bytes, in turns.

A round asks every server once; the order turns from round to round. Ratios are
medians of the ratios within rounds, so what slows a whole round cancels out.
"""

import argparse
import json
import subprocess
import sys

from bench import (
    FAZT, PORT, TARGET, WORK, Node, answers, children_cpu, cpu_seconds, fresh, median, page,
    wait_until, write_with_gzip,
)

HOSTS, FILES = 500, 10
SIZES = {"1k": 1 << 10, "10k": 10 << 10, "100k": 100 << 10, "1m": 1 << 20}
BROWSER = {"Accept-Encoding": "gzip, deflate, br, zstd"}

# Name, path, headers, servers. `plain` is fazt asked without Accept-Encoding.
PEERS = ["fazt", "floor", "nginx", "nginx-sendfile"]
CASES = {
    "1k": ("/1k.html", {}, PEERS),
    "10k": ("/10k.html", {}, PEERS),
    "100k": ("/100k.html", {}, PEERS),
    "1m": ("/1m.html", {}, PEERS),
    "304": ("/10k.html", {"If-None-Match": None}, PEERS),
    "encoded": ("/10k.html", BROWSER, ["fazt", "plain", "nginx", "nginx-sendfile"]),
    "range": ("/1m.html", {"Range": "bytes=200000-299999"}, ["fazt", "nginx", "nginx-sendfile"]),
    "hosts": (None, {}, ["fazt", "map", "nginx", "nginx-sendfile"]),
}
# Case, what is divided, by whom, at most.
GOALS = [
    ("1k", "server", "floor", 1.10),
    ("10k", "server", "floor", 1.10),
    ("1k", "server", "nginx", 0.95),
    ("10k", "server", "nginx", 0.95),
    ("encoded", "server", "plain", 1.05),
    ("hosts", "server", "map", 1.15),
    ("1m", "both", "nginx", 1.20),
    ("range", "both", "nginx", 1.20),
]

REPORT = """
done = function(summary, latency)
  local errors = summary.errors
  io.write(string.format("%d %d %d %d\\n", summary.requests, summary.duration,
    latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
"""
MANY = """
local requests, next = {}, 0
function init()
  for host = 0, %d do
    for file = 0, %d do
      requests[#requests + 1] = wrk.format("GET", "/f" .. file .. ".html",
        {["Host"] = "app" .. host .. ".localhost"})
    end
  end
  math.randomseed(42)
  for i = #requests, 2, -1 do
    local k = math.random(i)
    requests[i], requests[k] = requests[k], requests[i]
  end
  next = math.random(#requests)
end
function request()
  next = next %% #requests + 1
  return requests[next]
end
""" % (HOSTS - 1, FILES - 1)

NGINX = """
worker_processes auto; worker_rlimit_nofile 16384; daemon off; pid nginx.pid; error_log error.log;
events { worker_connections 8192; multi_accept on; }
http {
  types { text/html html; }
  access_log off; tcp_nopush on; tcp_nodelay on; etag on; output_buffers 2 1m;
  keepalive_timeout 65; keepalive_requests 100000000;
  open_file_cache max=30000 inactive=10m; open_file_cache_valid 10m; open_file_cache_min_uses 1;
  gzip_static on; gzip_vary on;
  add_header Cache-Control "public, max-age=0, must-revalidate";
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  server { listen 127.0.0.1:%d reuseport; root %s/$host; sendfile off; }
  server { listen 127.0.0.1:%d reuseport; root %s/$host; sendfile on; }
}
"""


def make_sites():
    """One folder per host: `bench` with a file of each size, and the many."""
    sites = fresh("sites")
    for name, size in SIZES.items():
        write_with_gzip(sites / "bench.localhost" / f"{name}.html", page(size, name))
    for host in range(HOSTS):
        for file in range(FILES):
            size = 1 << 10 if file < FILES - 2 else 10 << 10
            content = page(size, f"{host}/{file}")
            write_with_gzip(sites / f"app{host}.localhost" / f"f{file}.html", content)
    return sites


def deploy(node, sites):
    """Deploys every site inline, which takes no CLI start, and waits for variants."""
    token = node.token()
    for site in sites.iterdir():
        files = [
            {"path": file.name, "content": file.read_text()} for file in site.glob("*.html")
        ]
        # What is sent inline may have a megabyte; the largest file goes by folder.
        if sum(len(file["content"]) for file in files) > 1_000_000:
            node.fazt("deploy", str(site), "--name", site.name.partition(".")[0])
        else:
            node.call(token, "/api/deploy", {"app": site.name.partition(".")[0], "files": files})

    def variants_are_made():
        return node.call(token, "/api/status")["queues"]["compression"] == 0

    wait_until(variants_are_made, seconds=300, pause=0.2)


class Bench:
    def __init__(self, options):
        self.options = options
        self.servers = {}
        self.processes = []

    def start(self):
        sites = make_sites()
        node = Node(fresh("static") / "data.db")
        node.start()
        self.processes.append(node.process)
        deploy(node, sites)
        for name in ("fazt", "plain"):
            self.servers[name] = (node.port, node.pid)
        floor = TARGET / "release/floor"
        self.run("floor", 1, [str(floor), "constant", "{port}", str(sites / "bench.localhost")])
        self.run("map", 2, [str(floor), "map", "{port}", str(sites)])
        prefix = fresh("nginx")
        conf = NGINX % (PORT + 3, sites, PORT + 4, sites)
        (prefix / "nginx.conf").write_text(conf)
        self.run("nginx", 3, ["nginx", "-p", str(prefix), "-c", "nginx.conf", "-e", "error.log"])
        self.servers["nginx-sendfile"] = (PORT + 4, self.servers["nginx"][1])

    def run(self, name, offset, command):
        port = PORT + offset
        command = [word.format(port=port) for word in command]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        self.processes.append(process)
        wait_until(lambda: answers(port) is not None)
        self.servers[name] = (port, process.pid)

    def stop(self):
        for process in self.processes:
            process.terminate()
            process.wait()

    def tag(self, port):
        """The entity tag of the file that is asked again."""
        asked = subprocess.run(
            ["curl", "-sI", "-H", "Host: bench.localhost", f"http://127.0.0.1:{port}/10k.html"],
            capture_output=True, text=True, check=True,
        )
        fields = (line.partition(": ") for line in asked.stdout.splitlines())
        return next(value for name, _, value in fields if name.lower() == "etag")

    def load(self, case, server, seconds):
        """One run of wrk: requests/s, µs of the server and of both ends, p99 µs."""
        path, headers, _ = CASES[case]
        port, pid = self.servers[server]
        script = WORK / "wrk.lua"
        script.write_text(REPORT + (MANY if path is None else ""))
        command = [
            "wrk", "-t2", f"-c{self.options.connections}", f"-d{seconds}s", "-s", str(script),
        ]
        if path is not None:
            command += ["-H", "Host: bench.localhost"]
        for name, value in headers.items() if server != "plain" else ():
            command += ["-H", f"{name}: {value or self.tag(port)}"]
        command.append(f"http://127.0.0.1:{port}{path or '/'}")
        before, ours = cpu_seconds(pid), children_cpu()
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        used, wrk = cpu_seconds(pid) - before, children_cpu() - ours
        requests, duration, p99, errors = map(int, done.stdout.splitlines()[-1].split())
        if errors:
            sys.exit(f"{case}: {server} gave {errors} wrong answers")
        return {
            "rate": requests / duration * 1e6,
            "server": used / requests * 1e6,
            "both": (used + wrk) / requests * 1e6,
            "p99": p99,
        }

    def measure(self, case):
        servers = CASES[case][2]
        for server in servers:
            self.load(case, server, 1)
        rounds = []
        for turn in range(self.options.rounds):
            order = servers[turn % len(servers):] + servers[:turn % len(servers)]
            rounds.append({s: self.load(case, s, self.options.seconds) for s in order})
        return rounds


def ratio(rounds, what, base):
    return median(turn["fazt"][what] / turn[base][what] for turn in rounds)


def show(case, rounds):
    print(f"\n{case:<16}{'req/s':>9}{'server µs':>11}{'both µs':>9}{'p99 µs':>8}"
          f"{'fazt is':>10}{'both ends':>10}")
    for server in CASES[case][2]:
        middle = {key: median(turn[server][key] for turn in rounds) for key in rounds[0][server]}
        print(f"  {server:<14}{middle['rate']:>9.0f}{middle['server']:>11.2f}"
              f"{middle['both']:>9.2f}{middle['p99']:>8.0f}"
              f"{ratio(rounds, 'server', server):>9.2f}×{ratio(rounds, 'both', server):>9.2f}×",
              flush=True)


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--cases", default=",".join(CASES), help="which, separated by commas")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--seconds", type=int, default=2, help="length of a run")
    options.add_argument("--connections", type=int, default=64)
    options.add_argument("--json", action="store_true", help="print every round as JSON")
    options.add_argument("--gate", action="store_true", help="exit 1 when a goal is missed")
    options.add_argument("--hold", action="store_true", help="start everything, measure nothing")
    options = options.parse_args()
    bench = Bench(options)
    results, missed = {}, 0
    try:
        bench.start()
        if options.hold:
            print(json.dumps(bench.servers), flush=True)
            sys.stdin.read()
            return
        for case in options.cases.split(","):
            results[case] = bench.measure(case)
            if not options.json:
                show(case, results[case])
    finally:
        bench.stop()
    goals = []
    for case, what, base, limit in GOALS:
        if case in results:
            found = ratio(results[case], what, base)
            missed += found > limit
            goals.append({"case": case, "of": what, "base": base, "limit": limit, "is": found})
    if options.json:
        print(json.dumps({"rounds": results, "goals": goals}))
    else:
        print()
        for goal in goals:
            word = "missed" if goal["is"] > goal["limit"] else "held"
            print(f"{goal['case']:<9}{goal['of']:<7} {goal['is']:.2f} × {goal['base']},"
                  f" goal ≤ {goal['limit']:.2f}: {word}")
    sys.exit(1 if options.gate and missed else 0)


if __name__ == "__main__":
    main()
