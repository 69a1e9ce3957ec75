"""Cold start, memory and size of a node with many apps."""

import argparse
import http.client
import subprocess
import sys
import time

from bench import FAZT, PORT, ROOT, Node, fresh, median, resident

APPS, FILES = 10_000, 20
MIB = 1 << 20


def first_answer(node, host):
    """Milliseconds from the start of the process to the first answered request."""
    start = time.perf_counter()
    node.process = subprocess.Popen(
        [str(FAZT), "--db", str(node.db), "server", "start", "--port", str(node.port)],
        env=node.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    while True:
        try:
            asked = http.client.HTTPConnection("127.0.0.1", node.port, timeout=5)
            asked.request("GET", "/", headers={"Host": host})
            asked.getresponse().read()
            return (time.perf_counter() - start) * 1000
        except OSError:
            time.sleep(0.0005)


def starts(node, host, times):
    taken = []
    for _ in range(times):
        taken.append(first_answer(node, host))
        node.stop()
    return median(taken)


def say(what, found, unit, goal):
    held = found <= goal
    print(f"{what:<46}{found:>8.1f} {unit:<4} goal ≤ {goal}: {'held' if held else 'missed'}",
          flush=True)
    return held


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--times", type=int, default=20, help="starts of each kind")
    options.add_argument("--gate", action="store_true", help="exit 1 when a goal is missed")
    options = options.parse_args()
    held = True
    folder = fresh("start")

    node = Node(folder / "empty.db", port=PORT + 10)
    node.fazt("server", "init")
    held &= say("empty node, start to first answer", starts(node, "localhost", options.times),
                "ms", 50)

    full = Node(folder / "full.db", port=PORT + 11)
    subprocess.run(
        ["cargo", "bench", "--quiet", "--manifest-path", str(ROOT / "Cargo.toml"), "--bench",
         "store", "--", "prepare", str(full.db), str(APPS), str(FILES)],
        check=True,
    )
    host = "app7777.localhost"
    held &= say(f"{APPS:,} apps × {FILES} files, to first answer",
                starts(full, host, options.times), "ms", 100)
    with full:
        time.sleep(3)
        rss, own = resident(full.pid)
        held &= say("the same at idle, resident", rss / MIB, "MiB", 100)
        print(f"{'  of it not shared with the file cache':<46}{own / MIB:>8.1f} MiB")
        for app in range(APPS):
            asked = http.client.HTTPConnection("127.0.0.1", full.port, timeout=5)
            asked.request("GET", "/assets/page-0.html", headers={"Host": f"app{app}.localhost"})
            answer = asked.getresponse()
            answer.read()
            if answer.status != 200:
                sys.exit(f"app{app} answered {answer.status}")
            asked.close()
        rss, own = resident(full.pid)
        print(f"{'after one request to each app':<46}{rss / MIB:>8.1f} MiB  of it own"
              f" {own / MIB:.1f}")
    held &= say("release binary", FAZT.stat().st_size / MIB, "MiB", 25)
    sys.exit(1 if options.gate and not held else 0)


if __name__ == "__main__":
    main()
