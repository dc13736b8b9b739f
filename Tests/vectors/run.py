#!/usr/bin/env python3
"""Runs clients/vectors against a real server over sockets: whole, byte by byte, and split at every position.

Usage: run.py [--bin .build/release] [--only NAME] [--whole]
"""
import argparse
import collections
import os
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from subject import OPTIONS, ROOT, Server, answer, connect, prepare, request_bytes, sse, vectors

# What an answer must hold is written once: the client's tests have it.
sys.path.insert(0, os.path.join(ROOT, "clients", "python", "tests"))
import matching

Head = collections.namedtuple("Head", "status headers")

arguments = argparse.ArgumentParser()
arguments.add_argument("--bin", default=".build/release")
arguments.add_argument("--only", default="")
arguments.add_argument("--whole", action="store_true", help="not byte by byte, and not split")
arguments = arguments.parse_args()

def problem(vector, response, body):
    headers = {name.lower(): response.getheader(name) for name in response.headers}
    is_sse = headers.get("content-type", "").startswith("text/event-stream")
    text = body.decode()
    events = sse(text) if is_sse else [(None, line) for line in text.split("\n") if line.strip()]
    return matching.problem(vector["response"], Head(response.status, headers), body, events)


def whole(vector, data, port):
    with connect(port) as connection:
        connection.sendall(data)
        return problem(vector, *answer(connection, vector["request"]["method"]))


def byte_by_byte(vector, data, port):
    with connect(port) as connection:
        for index in range(len(data)):
            connection.sendall(data[index:index + 1])
        return problem(vector, *answer(connection, vector["request"]["method"]))


def split(vector, data, port):
    """Every position at once: the first parts on as many connections, and then the second parts."""
    wrong = None
    for start in range(1, len(data), 200):
        cuts = range(start, min(start + 200, len(data)))
        connections = [connect(port) for _ in cuts]
        for cut, connection in zip(cuts, connections):
            connection.sendall(data[:cut])
        time.sleep(0.005)
        for cut, connection in zip(cuts, connections):
            connection.sendall(data[cut:])
        for cut, connection in zip(cuts, connections):
            found = problem(vector, *answer(connection, vector["request"]["method"]))
            wrong = wrong or (found and f"split at {cut}: {found}")
            connection.close()
    return wrong


def main():
    ways = [whole] if arguments.whole else [whole, byte_by_byte, split]
    count, exchanges, problems = 0, 0, 0
    with tempfile.TemporaryDirectory() as place, Server(arguments.bin, place, *OPTIONS) as server:
        variables = prepare(server)
        for file, vector in vectors(variables):
            if arguments.only not in vector["name"]:
                continue
            data = request_bytes(vector["request"], server.port)
            count += 1
            for way in ways:
                # What is long is long in its values: the places where it can be cut are the same as in the short ones.
                if way is not whole and len(data) > 2_000:
                    continue
                exchanges += 1 if way is not split else len(data) - 1
                if wrong := way(vector, data, server.port):
                    problems += 1
                    print(f"{file}: {vector['name']} ({way.__name__}): {wrong}", flush=True)
    print(f"vectors: {count} vectors, {exchanges} exchanges, {problems} problems")
    sys.exit(1 if problems or not count else 0)


main()
