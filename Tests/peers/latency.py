#!/usr/bin/env python3
"""getStatus at 50 calls a second, idle and while a big job runs: p50 and p99 in milliseconds. And a stream that nobody
reads, beside many events: the server's memory.

Usage: latency.py [--rows 10000000] [--bin .build/release]
"""
import argparse
import http.client
import json
import os
import socket
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from server import Server, generate

arguments = argparse.ArgumentParser()
arguments.add_argument("--rows", type=int, default=10_000_000)
arguments.add_argument("--bin", default=".build/release")
arguments = arguments.parse_args()


def calls(server, job, until):
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "getStatus", "params": {"jobId": job}})
    taken, following = [], time.perf_counter()
    while True:
        following += 0.02
        time.sleep(max(0, following - time.perf_counter()))
        start = time.perf_counter()
        connection.request("POST", "/rpc", body, {"Content-Type": "application/json"})
        status = json.loads(connection.getresponse().read())["result"]
        taken.append((time.perf_counter() - start) * 1000)
        if until(status, len(taken)):
            return sorted(taken)


def told(name, taken):
    print(f"{name}: {len(taken)} calls, p50 {taken[len(taken) // 2]:.2f} ms, p99 {taken[int(len(taken) * 0.99)]:.2f} ms, "
          f"most {taken[-1]:.2f} ms", flush=True)


with tempfile.TemporaryDirectory() as place, Server(arguments.bin, place) as server:
    generate(arguments.bin, arguments.rows, os.path.join(server.data, "in.csv"))
    job = server.client("submit", "in.csv", "-o", "w.csv", "--start-at", "2999-01-01T00:00:00Z")
    told("idle", calls(server, job, lambda _, count: count == 500))
    busy = []
    for run in range(4):
        big = server.client("submit", "in.csv", "-o", f"{run}.csv", "--memory", "256MiB")
        busy += calls(server, big, lambda status, _: status["state"] == "succeeded")
    told("while a big job runs", sorted(busy))

    # 200 readers that never read, while jobs run.
    before = server.memory_mebibytes()
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "streamProgress", "params": {"jobId": job}}).encode()
    head = f"POST /rpc HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    streams = []
    for _ in range(200):
        stream = socket.create_connection(("127.0.0.1", server.port))
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stream.sendall(head + body)
        streams.append(stream)
    for run in range(2):
        server.client("run", "in.csv", "-o", f"s{run}.csv", "--quiet", "--memory", "64MiB")
    print(f"200 streams that nobody reads: {server.memory_mebibytes() - before:+.0f} MiB", flush=True)
    for stream in streams:
        stream.close()
