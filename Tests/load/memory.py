#!/usr/bin/env python3
"""A job's memory is what the system sees of it: the server's resident memory grows by the job's budget at the most, and by what
the allocator keeps beside it, whatever is asked. Each question has a server of its own, since a peak is a process's.

Usage: memory.py [--rows 1000000] [--budget 64] [--bin .build/release]
"""
import argparse
import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "peers"))
from server import Server, generate

arguments = argparse.ArgumentParser()
arguments.add_argument("--rows", type=int, default=1_000_000)
arguments.add_argument("--budget", type=int, default=64, help="MiB of each job")
arguments.add_argument("--bin", default=".build/release")
arguments = arguments.parse_args()

# Beside the budget: stacks, the runtime's own, what the allocator doesn't give back.
BESIDE = 24

KEYS = ["Song", "Date"]
PLAYS = "Number of Plays"


def aggregate(function, column=PLAYS, **more):
    return {"function": function, **({"column": column} if column else {}), **more}


QUESTIONS = {
    "the default question": {},
    "eight aggregates": {"groupBy": KEYS, "aggregates": [aggregate(f) for f in ("sum", "min", "max", "avg", "variance", "variancePop")]
                         + [aggregate("first", "Date"), aggregate("last", "Date")]},
    "countDistinct": {"groupBy": ["Date"], "aggregates": [aggregate("countDistinct", "Song")]},
    "countDistinct of everything": {"aggregates": [aggregate("countDistinct", "Song"), aggregate("countDistinct")]},
    "median": {"groupBy": ["Song"], "aggregates": [aggregate("median")]},
    "median of everything": {"aggregates": [aggregate("median")]},
    "ordered": {"groupBy": KEYS, "aggregates": [aggregate("sum", **{"as": "plays"})], "orderBy": [{"column": "plays", "descending": True}]},
    "ndjson": {"groupBy": KEYS, "aggregates": [aggregate("sum")], "format": "ndjson"},
    "distinct rows": {"groupBy": [*KEYS, PLAYS], "aggregates": []},
}


def measure(place, source, question):
    """MiB by which the server's peak lies above its memory before, and the job's status."""
    with Server(arguments.bin, place, "--workers", "1") as server:
        os.link(source, os.path.join(server.data, "in.csv"))
        with open(os.path.join(server.data, "small.csv"), "w") as file:
            file.write(f"Song,Date,{PLAYS}\nA,2020-01-01,1\n")
        server.client("run", "small.csv", "-o", "small-sums.csv", "--quiet")
        before = server.memory_mebibytes()
        job = server.call("submitJob", input="in.csv", output="out.csv", memoryBytes=arguments.budget << 20, **question)["jobId"]
        status = server.call("streamProgress", jobId=job, waitMs=50_000)
        return server.peak_mebibytes() - before, status


problems = 0
with tempfile.TemporaryDirectory() as place:
    source = os.path.join(place, "in.csv")
    generate(arguments.bin, arguments.rows, source, "--varied")
    for number, (name, question) in enumerate(QUESTIONS.items()):
        grown, status = measure(os.path.join(place, str(number)), source, question)
        spilled = status["progress"]["bytesSpilled"] >> 20
        print(f"memory: {name}: {grown:.0f} MiB for a job of {arguments.budget} MiB, {status['progress']['groups']} groups, {spilled} MiB spilled", flush=True)
        if status["state"] != "succeeded":
            print(f"  WRONG: {status}")
            problems += 1
        if grown > arguments.budget + BESIDE:
            print(f"  WRONG: more than the budget and {BESIDE} MiB beside it")
            problems += 1
sys.exit(1 if problems else 0)
