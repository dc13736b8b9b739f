#!/usr/bin/env python3
"""Two servers and three workers, as processes, over one PostgreSQL database and one folder: many jobs, while a worker is
killed every few seconds. Every job ends once with the right answer; how they were spread is shown.

Usage: spread.py [--jobs 1000] [--every SECONDS] [--seed N] [--bin .build/release]
"""
import argparse
import collections
import concurrent.futures
import os
import random
import shutil
import sys
import tempfile
import threading
import time
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "peers"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import history
from cluster import Cluster
from fleet import Fleet
from history import Wrong
from server import generate

parser = argparse.ArgumentParser()
parser.add_argument("--jobs", type=int, default=1_000)
parser.add_argument("--every", type=float, default=4)
parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
parser.add_argument("--bin", default=".build/release")
arguments = parser.parse_args()
chance = random.Random(arguments.seed)


class Killer(threading.Thread):
    """Kills a worker every few seconds, and starts it again, as a supervisor does."""

    def __init__(self, fleet):
        super().__init__()
        self.fleet, self.kills, self.has_ended, self.problem = fleet, 0, threading.Event(), None

    def run(self):
        try:
            while not self.has_ended.wait(arguments.every):
                worker = chance.choice(self.fleet.workers)
                worker.kill()
                self.kills += 1
                time.sleep(0.5)
                worker.start()
        except BaseException as error:
            self.problem = error

    def end(self):
        self.has_ended.set()
        self.join()
        if self.problem:
            raise self.problem


def submit(fleet, number, files):
    name = files[number % len(files)]
    key = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{arguments.seed}-{number}"))
    status = fleet.persist("submitJob", input=name, output=f"out-{number}.csv", memoryBytes=64 << 20, idempotencyKey=key)
    return status["jobId"], name, f"out-{number}.csv"


def finish(fleet, job):
    end = time.time() + 600
    while True:
        status = fleet.persist("getStatus", jobId=job)
        if status["state"] in history.ENDS and (status["published"] or status["state"] != "succeeded"):
            return
        if time.time() > end:
            raise Wrong(f"stuck: {status}")
        time.sleep(0.1)


def run(place):
    cluster = Cluster(place)
    fleet = Fleet(arguments.bin, place, cluster, servers=2, workers=3)
    killer = Killer(fleet)
    try:
        expected = {}
        for name, rows, shape in [("small.csv", 2_000, ["--shape", "varied"]), ("middle.csv", 100_000, []), ("large.csv", 500_000, ["--shape", "varied"])]:
            path = os.path.join(fleet.data, name)
            generate(arguments.bin, rows, path, *shape)
            expected[name] = history.reference(path)
        fleet.start()
        killer.start()
        begun = time.time()
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            jobs = list(pool.map(lambda number: submit(fleet, number, list(expected)), range(arguments.jobs)))
            list(pool.map(lambda job: finish(fleet, job[0]), jobs))
        took = time.time() - begun
        killer.end()
        by_process, by_worker, rescues = collections.Counter(), collections.Counter(), 0
        names = {str(pid): node.name for node in fleet.nodes for pid, _ in node.deaths} | {str(node.pid): node.name for node in fleet.nodes}
        for job, name, output in jobs:
            lines = history.check_job(fleet, job, expected[name])
            history.check_visible(fleet, output, {job: lines})
            process = next(line["actor"] for line in lines if line["action"] == "succeeded").split("/")[1]
            by_process[process] += 1
            by_worker[names[process]] += 1
            rescues += sum(line["action"] == "rescued" for line in lines)
        if len(set(job for job, _, _ in jobs)) != arguments.jobs:
            raise Wrong("two submissions were given one job")
        # What the dead have left is removed at the next start, or within the hour.
        fleet.end()
        fleet.start()
        time.sleep(2)
        history.check_folders(fleet)
        if not killer.kills or not rescues:
            raise Wrong(f"{killer.kills} kills and {rescues} rescues: too few jobs to show anything")
        print(f"spread: seed {arguments.seed}, {arguments.jobs} jobs by 2 servers and 3 workers, {killer.kills} kills, {rescues} rescues in {took:.0f} s: "
              f"all right; {dict(sorted(by_worker.items()))}, by {len(by_process)} processes")
    finally:
        killer.has_ended.set()
        if killer.is_alive():
            killer.join()
        for node in fleet.nodes:
            node.kill()
        cluster.close()


place = tempfile.mkdtemp(prefix="tally-spread-")
try:
    run(place)
except Wrong as wrong:
    raise SystemExit(f"spread: seed {arguments.seed}: {wrong}")
finally:
    shutil.rmtree(place, ignore_errors=True)
