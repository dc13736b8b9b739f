#!/usr/bin/env python3
"""Runs clients/vectors against a real server over sockets: whole, byte by byte, and split at every position.

Usage: run.py [--bin .build/release] [--only NAME] [--whole]
"""
import argparse
import json
import os
import re
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from subject import OPTIONS, Server, answer, connect, prepare, request_bytes, sse, vectors

arguments = argparse.ArgumentParser()
arguments.add_argument("--bin", default=".build/release")
arguments.add_argument("--only", default="")
arguments.add_argument("--whole", action="store_true", help="not byte by byte, and not split")
arguments = arguments.parse_args()

KINDS = {
    "<any>": lambda value: True,
    "<string>": lambda value: isinstance(value, str),
    "<integer>": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "<time>": lambda value: isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", value),
    "<sha256>": lambda value: isinstance(value, str) and re.fullmatch(r"[0-9a-f]{64}", value),
    "<cursor>": lambda value: isinstance(value, str) and re.fullmatch(r"[0-9a-f-]{36}\.\d+\.\d+", value),
}


def difference(expected, found, where="body"):
    """What is wrong with a value, or None."""
    if isinstance(expected, str) and expected in KINDS:
        return None if KINDS[expected](found) else f"{where}: {found!r} is no {expected}"
    if isinstance(expected, dict):
        if not isinstance(found, dict):
            return f"{where}: {found!r} is no object"
        for name, value in expected.items():
            if name not in found:
                return f"{where}: no {name} in {found}"
            if problem := difference(value, found[name], f"{where}.{name}"):
                return problem
        return None
    if isinstance(expected, list):
        if not isinstance(found, list) or len(found) != len(expected):
            return f"{where}: {len(expected)} items were expected, not {found!r}"
        problems = (difference(a, b, f"{where}[{i}]") for i, (a, b) in enumerate(zip(expected, found)))
        return next((problem for problem in problems if problem), None)
    return None if type(expected) is type(found) and expected == found else f"{where}: {found!r} isn't {expected!r}"


def problem(vector, response, body):
    expected = vector["response"]
    if response.status != expected["status"]:
        return f"status {response.status}, not {expected['status']}: {body[:300]!r}"
    for name, value in expected.get("headers", {}).items():
        if response.getheader(name) != value:
            return f"{name}: {response.getheader(name)!r}, not {value!r}"
    text = body.decode("utf-8")
    if "body" in expected and text != expected["body"]:
        return f"body {text!r}"
    if "id" in expected and f'"id":{expected["id"]},' not in text:
        return f"no ID {expected['id']} in {text[:300]}"
    if "json" in expected:
        return difference(expected["json"], json.loads(text))
    if "events" in expected:
        is_sse = response.getheader("content-type").startswith("text/event-stream")
        found = sse(text) if is_sse else [(None, line) for line in text.split("\n") if line.strip()]
        if len(found) != len(expected["events"]):
            return f"{len(found)} events, not {len(expected['events'])}: {found}"
        for event, (identity, data) in zip(expected["events"], found):
            if "id" in event and event["id"] != identity and not (event["id"] == "<cursor>" and KINDS["<cursor>"](identity)):
                return f"the event's ID is {identity}, not {event['id']}"
            if event.get("raw", "") not in data:
                return f"no {event['raw']} in {data}"
            if wrong := difference(event["message"], json.loads(data), "event"):
                return wrong
    return None


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
