#!/usr/bin/env python3
"""What people wait for, on both stores: a cancellation to reach a running job, and a server to be ready again when its
store holds many jobs.

Usage: waits.py [--jobs 100000] [--cancels 10] [--bin .build/release]
"""
import argparse
import concurrent.futures
import json
import os
import statistics
import sys
import tempfile
import time
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "Tests", "chaos"))
sys.path.insert(0, os.path.join(ROOT, "Tests", "peers"))
from cluster import Cluster
from fleet import Fleet
from server import generate

arguments = argparse.ArgumentParser()
arguments.add_argument("--jobs", type=int, default=100_000)
arguments.add_argument("--cancels", type=int, default=10)
arguments.add_argument("--bin", default=".build/release")
arguments = arguments.parse_args()
BATCH = 50


def wait_for(fleet, job, state):
    while True:
        status = fleet.call("getStatus", jobId=job)
        if status["state"] == state:
            return status
        if status["state"] in ("succeeded", "failed", "cancelled"):
            raise SystemExit(f"the job is {status['state']}, and never was {state}")
        time.sleep(0.002)


def cancels(fleet):
    """Seconds from the call to the job's end, while it reads."""
    found = []
    for number in range(arguments.cancels):
        job = fleet.call("submitJob", input="large.csv", output=f"cancelled-{number}.csv")["jobId"]
        while wait_for(fleet, job, "running")["progress"]["bytesRead"] == 0:
            time.sleep(0.01)
        begun = time.time()
        fleet.call("cancelJob", jobId=job)
        wait_for(fleet, job, "cancelled")
        found.append(time.time() - begun)
    return found


def fill(fleet):
    """As many jobs, all of them unfinished, by batches."""
    url = f"http://127.0.0.1:{fleet.servers[0].port}/rpc"

    def submit(first):
        calls = [{"jsonrpc": "2.0", "id": n, "method": "submitJob", "params": {"input": "small.csv", "output": f"many-{n}.csv"}} for n in range(first, first + BATCH)]
        with urllib.request.urlopen(urllib.request.Request(url, json.dumps(calls).encode(), {"Content-Type": "application/json"}), timeout=120) as answer:
            bad = [reply for reply in json.load(answer) if "error" in reply]
        if bad:
            raise SystemExit(f"a submission failed: {bad[0]}")

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(submit, range(0, arguments.jobs, BATCH)))


def restarts(fleet):
    """Seconds from the start of the process to its first answered call."""
    server, found = fleet.servers[0], []
    for way in (server.end, server.kill, server.end, server.kill, server.end):
        way()
        begun = time.time()
        server.start(wait=False)
        while True:
            try:
                fleet.call("listJobs", pageSize=1, timeout=5)
                break
            except OSError:
                if not server.is_alive or time.time() - begun > 60:
                    raise SystemExit("the server doesn't come back")
                time.sleep(0.005)
        found.append(time.time() - begun)
    return found


def measure(store, place, cluster):
    fleet = Fleet(arguments.bin, place, cluster, workers=1)
    generate(arguments.bin, 20_000_000, os.path.join(fleet.data, "large.csv"))
    generate(arguments.bin, 100, os.path.join(fleet.data, "small.csv"))
    fleet.start()
    try:
        tell(f"{store}: a cancellation reaches the running job", cancels(fleet))
        fleet.end()
        # Nobody runs the many jobs, and their number has no limit.
        fleet.servers[0].arguments += ("--limit", "unfinishedJobs=100000000", *(() if cluster else ("--workers", "0")))
        fleet.servers[0].start()
        tell(f"{store}: restart with an empty store", restarts(fleet))
        fill(fleet)
        tell(f"{store}: restart with {arguments.jobs} jobs", restarts(fleet))
    finally:
        for node in fleet.nodes:
            node.kill()
        if cluster:
            cluster.close()


def tell(what, seconds):
    print(f"{what:55} median {statistics.median(seconds):6.3f} s   {min(seconds):.3f} to {max(seconds):.3f}", flush=True)


for store in ("SQLite", "PostgreSQL"):
    with tempfile.TemporaryDirectory(prefix="tally-waits-") as place:
        measure(store, place, Cluster(place) if store == "PostgreSQL" else None)
