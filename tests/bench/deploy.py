"""Deploys by the release binary on loopback: wall time, CPU time, bytes sent.

Wall times hold the start of the CLI and are medians; on a busy machine the
fastest and the CPU time of both ends say more. Bytes are counted by a relay that the
deploy goes through, apart from the timed ones.
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
    FAZT, PORT, Node, children_cpu, cpu_seconds, fresh, median, noise, page, wait_until, write,
)

FILES, SIZE = 1_000, 20_000


def make_site(folder, seed):
    """A thousand files of 20 KB: three pages to one picture."""
    for index in range(FILES):
        if index % 4:
            content = page(SIZE, f"{seed}/{index}")
            write(folder / f"section-{index % 17}/page-{index}.html", content)
        else:
            write(folder / f"pictures/picture-{index}.jpg", noise(SIZE, f"{seed}/{index}"))
    write(folder / "index.html", b"<p>version 1</p>")


class Relay:
    """Passes connections on to a port and counts the bytes that clients send."""

    def __init__(self, port, to):
        self.to, self.sent = to, 0
        self.socket = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.socket.accept()
            server = socket.create_connection(("127.0.0.1", self.to))
            for source, sink, counts in ((client, server, True), (server, client, False)):
                threading.Thread(target=self.copy, args=(source, sink, counts), daemon=True).start()

    def copy(self, source, sink, counts):
        try:
            while piece := source.recv(1 << 16):
                self.sent += len(piece) if counts else 0
                sink.sendall(piece)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def timed_deploy(node, site, *flags):
    """Milliseconds from the CLI's start to its end: wall, CPU of both ends."""
    start, used = time.perf_counter(), cpu_seconds(node.pid) + children_cpu()
    done = subprocess.run(
        [str(FAZT), "--db", str(node.db), "--json", "deploy", str(site), "--name", "site", *flags],
        env=node.environment, capture_output=True, text=True, check=False,
    )
    taken = (time.perf_counter() - start) * 1000
    used = (cpu_seconds(node.pid) + children_cpu() - used) * 1000
    if done.returncode:
        sys.exit(f"the deploy failed: {done.stderr}")
    return (taken, used), json.loads(done.stdout)


def settle(node, token):
    def variants_are_made():
        return node.call(token, "/api/status")["queues"]["compression"] == 0

    wait_until(variants_are_made, seconds=300, pause=0.1)


def switch(port, token, path, body, wanted):
    """Milliseconds from asking for the switch to the first byte of the new version."""
    asking = http.client.HTTPConnection("127.0.0.1", port)
    visiting = http.client.HTTPConnection("127.0.0.1", port)
    asking.connect()
    visiting.connect()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    start = time.perf_counter()
    asking.request("POST", path, body=json.dumps(body), headers=headers)
    answer = asking.getresponse()
    text = answer.read()
    if answer.status != 200:
        sys.exit(f"the switch failed: {text.decode()}")
    visiting.request("GET", "/", headers={"Host": "site.localhost"})
    found = visiting.getresponse().read()
    taken = (time.perf_counter() - start) * 1000
    if found != wanted:
        sys.exit(f"a visitor still gets {found!r} after the switch")
    return taken


def say(what, found, unit, goal=None, more=""):
    held = goal is None or found <= goal
    word = "" if goal is None else f"  goal ≤ {goal}: {'held' if held else 'missed'}"
    print(f"{what:<38}{found:>8.1f} {unit:<4}{more}{word}", flush=True)
    return held


def say_times(what, times, goal=None):
    walls = [wall for wall, _ in times]
    more = f"fastest {min(walls):.1f}, CPU {median(cpu for _, cpu in times):.0f}"
    return say(what, median(walls), "ms", goal, more)


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--times", type=int, default=9, help="repetitions of each deploy")
    options.add_argument("--gate", action="store_true", help="exit 1 when a goal is missed")
    options = options.parse_args()
    folder = fresh("deploy")
    site = folder / "site"
    make_site(site, "deploy")
    changing = site / "section-1/page-1.html"
    held = True

    first = []
    for turn in range(options.times):
        with Node(folder / f"first-{turn}.db", port=PORT + 20) as node:
            first.append(timed_deploy(node, site)[0])
    held &= say_times("first deploy of 1,000 files, 20 MB", first, 250)

    with Node(folder / "again.db", port=PORT + 20) as node:
        token = node.token()
        relay = Relay(PORT + 21, node.port)
        through = ("--to", f"http://127.0.0.1:{PORT + 21}", "--token", token)
        timed_deploy(node, site)
        settle(node, token)

        same = [timed_deploy(node, site) for _ in range(options.times)]
        if not all(answer["unchanged"] for _, answer in same):
            sys.exit("a deploy of the same files was not taken as unchanged")
        say_times("the same again", [times for times, _ in same])
        one = []
        for turn in range(options.times):
            changing.write_bytes(page(SIZE, f"changed/{turn}"))
            one.append(timed_deploy(node, site)[0])
            settle(node, token)
        held &= say_times("one of them changed", one, 60)

        relay.sent = 0
        timed_deploy(node, site, *through)
        names = relay.sent
        say("bytes sent when nothing changed", names / 1000, "KB")
        changing.write_bytes(page(SIZE, "changed/counted"))
        relay.sent = 0
        timed_deploy(node, site, *through)
        say("bytes sent when one changed", relay.sent / 1000, "KB")
        # Both send the list of names and hashes; what is left is content.
        held &= say("  of it content, for a file of 20 KB", (relay.sent - names) / 1000, "KB",
                    2 * SIZE / 1000)

        (site / "index.html").write_bytes(b"<p>version 2</p>")
        settle(node, token)
        before = timed_deploy(node, site, "--preview")[1]["version"] - 1
        old, new = b"<p>version 1</p>", b"<p>version 2</p>"
        promote, back = [], []
        for _ in range(options.times * 3):
            promote.append(switch(node.port, token, "/api/apps/site/promote",
                                  {"version": before + 1}, new))
            back.append(switch(node.port, token, "/api/apps/site/promote",
                               {"version": before}, old))
        held &= say("promote to the first new byte", median(promote), "ms", 20)
        held &= say("rollback to the first new byte", median(back), "ms", 20)
    sys.exit(1 if options.gate and not held else 0)


if __name__ == "__main__":
    main()
