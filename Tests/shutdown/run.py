#!/usr/bin/env python3
"""An orderly stop ends the process within drainMilliseconds, whatever is unavailable, and no acknowledged job is lost: SIGTERM
while a job runs, with the store there, away or silent, on each store. After that the store is made available again, and the
next server must finish every job.

Usage: run.py [--bin .build/release] [--rounds 1] [CASE …]
Needs: Debian's postgresql; clang, which comes with Swift
"""
import argparse
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "Tests", name) for name in ("peers", "chaos")]
from cluster import Cluster
from server import Server

DRAIN = 3.0
# What a busy machine may add.
SLACK = 1.5
ROWS = 1_500_000


class FrozenDisk:
    """Writes and syncs wait."""

    def __init__(self, place):
        self.flag, self.library = os.path.join(place, "frozen"), os.path.join(place, "freeze.so")
        compiler = shutil.which("clang") or "cc"
        source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "freeze.c")
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", self.library, source, "-ldl"], check=True)

    def environment(self):
        return {"LD_PRELOAD": self.library, "FREEZE": self.flag}

    def take_away(self, server):
        open(self.flag, "w").close()

    def give_back(self):
        os.remove(self.flag)


class FullDisk:
    """No file can grow: the system's limit stands for a full disk."""

    def __init__(self, place):
        pass

    def environment(self):
        return {}

    def take_away(self, server):
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))

    def give_back(self):
        pass


class Nothing(FullDisk):
    """Everything is available."""

    def take_away(self, server):
        pass


class StoppedDatabase:
    """The database has ended."""

    def __init__(self, place):
        self.cluster = Cluster(os.path.join(place, "database"))

    def environment(self):
        return {}

    def options(self):
        return ["--store", self.cluster.url()]

    def take_away(self, server):
        self.cluster.stop()
        # Whoever asks meanwhile is told that it passes.
        for path in ("/results/01a21c0f-4b86-724c-851c-ed855b0965d8", "/readyz"):
            try:
                urllib.request.urlopen(server.url + path, timeout=60)
                code = 200
            except urllib.error.HTTPError as error:
                code = error.code
            if code != 503:
                raise SystemExit(f"shutdown: {path} is answered with {code} while the database is away")

    def give_back(self):
        self.cluster.start()

    def close(self):
        self.cluster.close()


class AvailableDatabase(StoppedDatabase):
    """Everything is available."""

    def take_away(self, server):
        pass

    def give_back(self):
        pass


class SilentDatabase(StoppedDatabase):
    """The database takes what it is sent and doesn't answer."""

    def signal(self, sign):
        with open(os.path.join(self.cluster.data, "postmaster.pid")) as file:
            main = int(file.readline())
        children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(main)], capture_output=True, text=True).stdout.split()
        for process in [main, *map(int, children)]:
            try:
                os.kill(process, sign)
            except ProcessLookupError:
                pass

    def take_away(self, server):
        self.signal(signal.SIGSTOP)

    def give_back(self):
        self.signal(signal.SIGCONT)


CASES = {
    "sqlite-available": Nothing, "sqlite-full": FullDisk, "sqlite-frozen": FrozenDisk,
    "postgres-available": AvailableDatabase, "postgres-stopped": StoppedDatabase, "postgres-silent": SilentDatabase,
}


def write_input(path):
    with open(path, "w") as file:
        file.write("k,n\n")
        for row in range(ROWS):
            file.write(f"key {row % 977},{row}\n")


def question(output):
    """One whose work takes some seconds: conditions that no row meets before the last."""
    terms = [{"column": "k", "op": "prefix", "value": f"no such key {term}"} for term in range(60)]
    return {"input": "in.csv", "output": output, "groupBy": ["k"], "aggregates": [{"function": "sum", "column": "n"}],
            "where": {"or": [*terms, {"column": "k", "op": "prefix", "value": "key"}]}}


def wait_until(what, condition, seconds=60):
    end = time.time() + seconds
    while not condition():
        if time.time() > end:
            raise SystemExit(f"shutdown: {what} didn't come in {seconds} s")
        time.sleep(0.02)


def round_of(name, binaries, place, answers):
    """One stop: seconds until the process ended, and its exit code."""
    os.makedirs(place)
    case = CASES[name](place)
    options = case.options() if isinstance(case, StoppedDatabase) else []
    server = Server(binaries, place, *options, "--workers", "1", "--limit", f"drainMilliseconds={int(DRAIN * 1000)}")
    os.link(answers["input"], os.path.join(server.data, "in.csv"))
    try:
        os.environ.update(case.environment())
        server.start()
        for variable in case.environment():
            del os.environ[variable]
        jobs = [server.call("submitJob", **question(f"out-{number}.csv"))["jobId"] for number in range(2)]
        wait_until("a running job", lambda: server.call("getStatus", jobId=jobs[0]).get("progress", {}).get("bytesRead", 0) > 0)
        state = server.call("getStatus", jobId=jobs[0])["state"]
        if state != "running":
            raise SystemExit(f"shutdown: the first job is {state}: the stop wouldn't meet a running one")
        process = server.process
        case.take_away(server)
        start = time.monotonic()
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(DRAIN + 20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        seconds = time.monotonic() - start
        server.process = None
        case.give_back()
        server.start()
        for number, job in enumerate(jobs):
            wait_until("the end of a job", lambda: server.call("getStatus", jobId=job)["state"] not in ("queued", "running", "waiting"), 120)
            status = server.call("getStatus", jobId=job)
            if status["state"] != "succeeded":
                raise SystemExit(f"shutdown: {name}: a job {status['state']}: {status.get('error')}")
            with open(os.path.join(server.data, f"out-{number}.csv")) as file:
                if file.read() != answers["text"]:
                    raise SystemExit(f"shutdown: {name}: a wrong answer")
        server.stop()
        return seconds, process.returncode
    finally:
        server.stop(signal.SIGKILL)
        if isinstance(case, StoppedDatabase):
            case.close()


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--bin", default=os.path.join(ROOT, ".build", "release"))
    arguments.add_argument("--rounds", type=int, default=1)
    arguments.add_argument("cases", nargs="*", metavar="CASE", help=" ".join(CASES))
    arguments = arguments.parse_args()
    unknown = set(arguments.cases) - set(CASES)
    if unknown:
        raise SystemExit(f"shutdown: there is no case {' '.join(unknown)}; they are {' '.join(CASES)}")
    problems, stops = [], 0
    with tempfile.TemporaryDirectory() as place:
        answers = {"input": os.path.join(place, "in.csv")}
        write_input(answers["input"])
        sums = {}
        for row in range(ROWS):
            sums[f"key {row % 977}"] = sums.get(f"key {row % 977}", 0) + row
        answers["text"] = "k,sum(n)\n" + "".join(f"{key},{sums[key]}\n" for key in sorted(sums))
        for name in arguments.cases or CASES:
            found = []
            for number in range(arguments.rounds):
                found.append(round_of(name, arguments.bin, os.path.join(place, f"{name}-{number}"), answers))
            stops += len(found)
            seconds, codes = sorted(value for value, _ in found), sorted({code for _, code in found})
            print(f"  {name}: {len(found)} stops, {seconds[0]:.2f} to {seconds[-1]:.2f} s (median {seconds[len(seconds) // 2]:.2f}), exit codes {codes}", flush=True)
            if seconds[-1] > DRAIN + SLACK:
                problems.append(f"{name}: a stop took {seconds[-1]:.1f} s of {DRAIN}")
            if name.endswith("-available") and codes != [0]:
                problems.append(f"{name}: exit codes {codes}, though everything was there")
    if problems:
        raise SystemExit("shutdown: " + "; ".join(problems))
    print(f"shutdown: {stops} stops, every job done by the next server")


main()
