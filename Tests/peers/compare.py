#!/usr/bin/env python3
"""The same question to Tally and to DuckDB, on generated files: the same bytes, the memory within its budget, and the ratio
of the times, taken in turn in one run. Needs: pip install duckdb.

Usage: compare.py [--rows 1000000] [--bin .build/release] [--runs 3]
"""
import argparse
import hashlib
import os
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from server import Server, generate

arguments = argparse.ArgumentParser()
arguments.add_argument("--rows", type=int, default=1_000_000)
arguments.add_argument("--bin", default=".build/release")
arguments.add_argument("--runs", type=int, default=3)
arguments = arguments.parse_args()

DUCKDB = """
import sys, time, duckdb
source, target = sys.argv[1:3]
start = time.time()
duckdb.connect().execute(f'''copy (select "Song", "Date", sum("Number of Plays") as "Total Number of Plays for Date"
  from read_csv('{source}', types={{'Date': 'VARCHAR'}}) group by all order by all) to '{target}' (header)''')
print(time.time() - start)
"""


def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def duckdb(source, target):
    run = subprocess.run([sys.executable, "-c", DUCKDB, source, target], capture_output=True, text=True, check=True)
    # A progress bar stands before it.
    return float(run.stdout.split()[-1])


problems = 0
with tempfile.TemporaryDirectory() as place:
    for name, options in [("seed-shaped", []), ("varied", ["--varied"])]:
        source = os.path.join(place, f"{name}.csv")
        generate(arguments.bin, arguments.rows, source, *options)
        expected = os.path.join(place, f"{name}-duckdb.csv")
        for budget in (256, 64):
            ours, theirs = [], []
            with Server(arguments.bin, os.path.join(place, f"{name}-{budget}")) as server:
                os.link(source, os.path.join(server.data, "in.csv"))
                for run in range(arguments.runs):
                    theirs.append(duckdb(source, expected))
                    start = time.time()
                    server.client("run", "in.csv", "-o", "out.csv", "--memory", f"{budget}MiB", "--quiet")
                    ours.append(time.time() - start)
                peak = server.peak_mebibytes()
                same = digest(os.path.join(server.data, "out.csv")) == digest(expected)
            ratio = statistics.median(ours) / statistics.median(theirs)
            print(f"{name}, {arguments.rows} rows, budget {budget} MiB: {'same bytes' if same else 'OTHER BYTES'}, "
                  f"Tally {statistics.median(ours):.2f} s, DuckDB {statistics.median(theirs):.2f} s, ratio {ratio:.2f}, "
                  f"peak RSS {peak:.0f} MiB", flush=True)
            if not same:
                problems += 1
            if peak > budget + 100:
                print(f"  the peak is above the budget and 100 MiB")
                problems += 1
sys.exit(1 if problems else 0)
