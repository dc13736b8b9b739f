#!/usr/bin/env python3
"""Small calls of one client: 10,000 of them with 256 in flight, by the library RPCClient, by a bare loop on libcurl in C, and by
`curl --parallel`, in turn in one run, medians; then 1,000 streams at the same time by the library. And how long `rpc-client status`
takes from start to end beside `curl` with the same call, in pairs.

Usage: calls.py [--bin .build/release] [--calls 10000] [--in-flight 256] [--streams 1000] [--runs 5] [--starts 100]
Ends with 1 when a stream has no result, threads are more than ten, a file stays open, or a command takes over twice curl's time.
Needs: a C compiler, libcurl's headers.
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "Tests", "peers"))
from server import Server

arguments = argparse.ArgumentParser()
arguments.add_argument("--bin", default=".build/release")
arguments.add_argument("--calls", type=int, default=10_000)
arguments.add_argument("--in-flight", type=int, default=256)
arguments.add_argument("--streams", type=int, default=1_000)
arguments.add_argument("--runs", type=int, default=5)
arguments.add_argument("--starts", type=int, default=100)
arguments = arguments.parse_args()
THREADS_MOST = 10
STARTS_RATIO_MOST = 2.0


def output(*words):
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"calls: {words[0]} has failed: {done.stderr or done.stdout}")
    return done.stdout


def waiting(server, name):
    return server.call("submitJob", input="plays.csv", output=name, startAt="2999-01-01T00:00:00Z")["jobId"]


def load(server, job, calls, streams):
    lines = output(f"{arguments.bin}/client-load", server.url, job, str(calls), str(arguments.in_flight), str(streams))
    return {name: value for line in lines.splitlines() for name, value in json.loads(line).items()}


def curl_parallel(server, body):
    """The URLs are a pattern: curl's way to many requests in one process."""
    begun = time.time()
    output("curl", "-sS", "--fail", "--parallel", "--parallel-immediate", "--parallel-max", str(arguments.in_flight), "--json", body, "-o", "/dev/null", f"{server.url}/rpc?[1-{arguments.calls}]")
    return arguments.calls / (time.time() - begun)


def starts(server, body, words):
    """The ratio of whole processes, pair by pair: a command and curl."""
    variables = {"env": os.environ | {"TALLY_SERVER": server.url}, "stdout": subprocess.DEVNULL, "check": True}
    commands = [[f"{arguments.bin}/rpc-client", *words], ["curl", "-sS", "--json", body, f"{server.url}/rpc"]]
    pairs = []
    for _ in range(arguments.starts):
        times = []
        for command in commands:
            begun = time.perf_counter()
            subprocess.run(command, **variables)
            times.append(time.perf_counter() - begun)
        pairs.append(times)
    ours, theirs = (statistics.median(pair[place] for pair in pairs) * 1_000 for place in (0, 1))
    ratio = statistics.median(pair[0] / pair[1] for pair in pairs)
    print(f"start to end: rpc-client {words[0]} {ours:.1f} ms, curl {theirs:.1f} ms, ratio of the pairs {ratio:.2f} (median of {len(pairs)})")
    return ratio


with tempfile.TemporaryDirectory() as place, Server(arguments.bin, place) as server:
    shutil.copy(os.path.join(ROOT, "Examples", "plays.csv"), server.data)
    bare = os.path.join(place, "bare")
    output("cc", "-O2", os.path.join(ROOT, "Benchmarks", "client-load", "bare.c"), "-o", bare, "-lcurl")
    job = waiting(server, "calls.csv")
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "getStatus", "params": {"jobId": job}}, separators=(",", ":"))
    rates, threads = {"library": [], "bare": [], "curl": []}, 0
    for _ in range(arguments.runs):
        found = load(server, job, arguments.calls, 0)
        rates["library"].append(found["callsPerSecond"])
        threads = max(threads, found["threads"])
        rates["bare"].append(float(output(bare, f"{server.url}/rpc", body, str(arguments.calls), str(arguments.in_flight))))
        rates["curl"].append(curl_parallel(server, body))
    library, least, curl = (statistics.median(rates[name]) for name in ("library", "bare", "curl"))
    print(f"{arguments.calls} calls, {arguments.in_flight} in flight: library {library:.0f}/s with {threads} threads, bare loop {least:.0f}/s ({library / least:.2f}), curl --parallel {curl:.0f}/s ({library / curl:.2f})")
    found = load(server, waiting(server, "streams.csv"), 0, arguments.streams)
    print(f"{found['streams']} streams: open after {found['secondsUntilOpen']} s, {found['threads']} threads, {found['openFiles']} files; results {found['streamsWithTheirResult']}; files before {found['openFilesBefore']}, afterwards {found['openFilesAfterwards']}")
    ratio = max(starts(server, body, words) for words in (["status", job], ["list"], ["inputs"], ["stats"], ["call", "getStatus", json.dumps([job])]))
    if found["streamsWithTheirResult"] != arguments.streams:
        raise SystemExit("calls: not every stream has had its result")
    if found["openFilesAfterwards"] > found["openFilesBefore"]:
        raise SystemExit("calls: files stay open")
    if max(threads, found["threads"]) > THREADS_MOST:
        raise SystemExit("calls: too many threads")
    if ratio > STARTS_RATIO_MOST:
        raise SystemExit("calls: rpc-client starts too slowly")
