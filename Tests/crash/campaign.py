#!/usr/bin/env python3
"""Kills the server at random moments of a job (SIGKILL), starts it again, and looks: the answer is the same as without, no
counter shows an error, nothing partial lies about, and no other job's output is touched.

Usage: campaign.py [--rows 1000000] [--kills 10] [--bin .build/release] [--seed N]
"""
import argparse
import hashlib
import os
import random
import signal
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "peers"))
from server import Server, generate

arguments = argparse.ArgumentParser()
arguments.add_argument("--rows", type=int, default=1_000_000)
arguments.add_argument("--kills", type=int, default=10)
arguments.add_argument("--bin", default=".build/release")
arguments.add_argument("--seed", type=int, default=random.randrange(1 << 32))
arguments = arguments.parse_args()
print(f"seed {arguments.seed}")
chance = random.Random(arguments.seed)


def fail(what):
    print(f"crash: {what}")
    sys.exit(1)


def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def files(folder):
    return sorted(os.path.relpath(os.path.join(at, name), folder) for at, _, names in os.walk(folder) for name in names)


with tempfile.TemporaryDirectory() as place, Server(arguments.bin, place) as server:
    generate(arguments.bin, arguments.rows, os.path.join(server.data, "in.csv"))
    start = time.time()
    server.client("run", "in.csv", "-o", "expected.csv", "--quiet", "--memory", "64MiB")
    took = time.time() - start
    expected = digest(os.path.join(server.data, "expected.csv"))

    rescued = 0
    for kill in range(arguments.kills):
        output = f"out-{kill}.csv"
        job = server.client("submit", "in.csv", "-o", output, "--memory", "64MiB")
        # Anywhere from the submission to a little after the end: reading, writing, committing, publishing.
        moment = chance.uniform(0, took * 1.05)
        time.sleep(moment)
        server.stop(signal.SIGKILL)
        if os.path.exists(os.path.join(server.data, output)) and digest(os.path.join(server.data, output)) != expected:
            fail(f"kill {kill}: something partial is visible")
        server.start()
        second = server.client("submit", "in.csv", "-o", output, check=False)
        status = server.call("streamProgress", jobId=job, waitMs=60_000)
        if status["state"] != "succeeded" or not status["published"]:
            fail(f"kill {kill} at {moment:.2f} s: {status}")
        if status["attempts"] != 0 or status["epoch"] != status["rescues"] + 1:
            fail(f"kill {kill}: counters {status}")
        rescued += status["rescues"]
        if second:
            # The first had already been published: the name was free again, and shows the newer result.
            server.call("streamProgress", jobId=second, waitMs=60_000)
        if digest(os.path.join(server.data, output)) != expected:
            fail(f"kill {kill} at {moment:.2f} s: the answer is another one")
    if rescued == 0:
        fail(f"none of {arguments.kills} kills met a job that ran: nothing was rescued")
    server.stop()
    server.start()
    time.sleep(1)
    own = os.path.join(server.data, ".tally")
    left = [name for name in files(own) if name.startswith("publish/")]
    if left:
        fail(f"left in publish: {left}")
    if files(os.path.join(server.state, "spill")):
        fail("left in spill")
    jobs = {job["jobId"]: job for job in server.call("listJobs", pageSize=1000)["jobs"]}
    results = [name.split("/") for name in files(own) if name.startswith("results/")]
    for _, job, file in results:
        if jobs[job]["state"] != "succeeded" or int(file.split("-")[0]) != jobs[job]["epoch"]:
            fail(f"a result that no job names is left: {job}/{file}")
    if len(results) != len(jobs):
        fail(f"{len(jobs)} jobs and {len(results)} results")
print(f"crash: {arguments.kills} kills, {rescued} runs rescued, every answer the same, nothing left behind")
