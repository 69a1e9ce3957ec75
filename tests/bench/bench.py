"""What the benchmarks share: site files, a private node, CPU time, medians.

Nothing here measures anything by itself. Everything is written below
`tests/bench/work`, which git ignores.
"""

import gzip
import json
import os
import random
import resource
import shutil
import statistics
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WORK = Path(os.environ.get("FAZT_BENCH_WORK", ROOT / "tests/bench/work"))
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
FAZT = TARGET / "release/fazt"
PORT = int(os.environ.get("FAZT_BENCH_PORT", "18300"))

median = statistics.median


def page(size, seed):
    """A page of `size` bytes: words that compress about as pages do."""
    dice = random.Random(seed)
    letters = "eeeettaaooiinnsshhrrddlcumwfgypbvk"
    words = ["".join(dice.choices(letters, k=dice.randint(2, 9))) for _ in range(400)]
    text = f"<!doctype html><title>{seed}</title>\n"
    parts, length = [text], len(text)
    while length < size:
        line = "<p>" + " ".join(dice.choices(words, k=12)) + "</p>\n"
        parts.append(line)
        length += len(line)
    return "".join(parts)[:size].encode()


def noise(size, seed):
    """Bytes that do not compress, as images do not."""
    return random.Random(seed).randbytes(size)


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def write_with_gzip(path, content):
    write(path, content)
    write(path.with_name(path.name + ".gz"), gzip.compress(content, 9, mtime=0))


def fresh(name):
    """An empty folder of that name below the work folder."""
    folder = WORK / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def descendants(pid):
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found += descendants(int(child))
    return found


def cpu_seconds(pid):
    """CPU time of a process with its children."""
    ticks = 0
    for process in descendants(pid):
        # The name in brackets may hold spaces; the numbers follow it.
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def children_cpu():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def resident(pid):
    """Resident bytes of a process, and how many of them are its own."""
    fields = dict(
        line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines()
    )
    return tuple(int(fields[name].split()[0]) * 1024 for name in ("VmRSS", "RssAnon"))


def wait_until(condition, seconds=30, pause=0.01):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise SystemExit(f"still waiting after {seconds} s: {condition.__name__}")
        time.sleep(pause)


def answers(port, host="localhost", path="/"):
    """The status of a GET, or `None` when nothing listens."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"Host": host})
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return None


class Node:
    """A node of the release binary on a private database."""

    def __init__(self, db, port=PORT, **environment):
        self.db, self.port = db, port
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(db.parent),
            "FAZT_DB": str(db),
            **environment,
        }
        self.process = None

    def fazt(self, *arguments, **options):
        """Runs a command of the CLI and gives its standard output."""
        done = subprocess.run(
            [str(FAZT), "--db", str(self.db), *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            **options,
        )
        if done.returncode:
            raise SystemExit(f"fazt {' '.join(arguments)}: {done.stderr}")
        return done.stdout

    def start(self, *flags):
        log = open(self.db.with_suffix(".log"), "a")
        self.process = subprocess.Popen(
            [str(FAZT), "--db", str(self.db), "server", "start", "--port", str(self.port), *flags],
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=log,
        )
        log.close()
        wait_until(lambda: answers(self.port) is not None)
        return self

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait()
            self.process = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    @property
    def pid(self):
        return self.process.pid

    def token(self):
        made = json.loads(self.fazt("--json", "token", "create", "bench", "--preset", "owner"))
        return made["token"]

    def call(self, token, path, body=None):
        """Asks the API and gives the `data` of its answer."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["data"]
