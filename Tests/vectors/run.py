#!/usr/bin/env python3
"""Runs clients/vectors against a real server over sockets: whole, byte by byte, and split at every position.

Usage: run.py [--bin .build/release] [--only NAME] [--whole]
"""
import argparse
import glob
import http.client
import json
import os
import re
import shutil
import socket
import sys
import tempfile
import time

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(ROOT, "Tests", "peers"))
from server import Server

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


def filled(value, variables):
    if isinstance(value, str):
        return re.sub(r"\$\{(\w+)\}", lambda match: variables[match[1]], value)
    if isinstance(value, list):
        return [filled(item, variables) for item in value]
    if isinstance(value, dict):
        return {name: filled(item, variables) for name, item in value.items()}
    return value


def request_bytes(request, port):
    headers = {"Host": f"127.0.0.1:{port}", "Content-Type": "application/json", "Accept": "application/json"}
    headers.update(request.get("headers", {}))
    body = bytes.fromhex(request["bodyHex"]) if "bodyHex" in request else request.get("body")
    if isinstance(body, str):
        body = body.encode()
    if body is not None:
        headers["Content-Length"] = str(len(body))
    lines = [f"{request['method']} {request['path']} HTTP/1.1"] + [f"{n}: {v}" for n, v in headers.items() if v is not None]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + (body or b"")


def answer(connection, method):
    response = http.client.HTTPResponse(connection, method=method)
    response.begin()
    return response, response.read()


def sse(text):
    """The events' IDs and data; comments are left out."""
    events, event, identity = [], [], None
    for line in text.split("\n"):
        if line == "":
            if event:
                events.append((identity, "\n".join(event)))
            event, identity = [], None
        elif line.startswith("data: "):
            event.append(line[6:])
        elif line.startswith("id: "):
            identity = line[4:]
    return events


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


def connect(port):
    connection = socket.create_connection(("127.0.0.1", port), timeout=30)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


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


def prepare(server):
    """Makes the jobs that the vectors speak of."""
    shutil.copy(os.path.join(ROOT, "examples", "plays.csv"), server.data)
    os.makedirs(os.path.join(server.data, "folder"))
    later = "2999-01-01T00:00:00Z"
    submit = lambda **more: server.call("submitJob", input="plays.csv", **more)["jobId"]
    end = lambda job: server.call("streamProgress", jobId=job, waitMs=20_000)
    variables = {"succeeded": submit(output="sums.csv", idempotencyKey="vector-key")}
    end(variables["succeeded"])
    variables["failed"] = submit(output="failed.csv", groupBy=["None"])
    end(variables["failed"])
    variables["waiting"] = submit(output="waiting.csv", startAt=later)
    time.sleep(0.01)
    variables["cancelled"] = submit(output="cancelled.csv", startAt=later)
    server.call("cancelJob", jobId=variables["cancelled"])
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "streamProgress", "params": {"jobId": variables["succeeded"]}})
    with connect(server.port) as connection:
        connection.sendall(request_bytes({"method": "POST", "path": "/rpc", "body": body, "headers": {"Accept": "text/event-stream"}}, server.port))
        variables["final"] = sse(answer(connection, "POST")[1].decode())[-1][0]
    return variables


def main():
    ways = [whole] if arguments.whole else [whole, byte_by_byte, split]
    count, exchanges, problems = 0, 0, 0
    with tempfile.TemporaryDirectory() as place, Server(arguments.bin, place, "--limit", "streamHeartbeatMilliseconds=60000") as server:
        variables = prepare(server)
        for path in sorted(glob.glob(os.path.join(ROOT, "clients", "vectors", "*.json"))):
            for raw in json.load(open(path)):
                if arguments.only not in raw["name"]:
                    continue
                vector = filled(raw, variables)
                data = request_bytes(vector["request"], server.port)
                count += 1
                for way in ways:
                    # What is long is long in its values: the places where it can be cut are the same as in the short ones.
                    if way is not whole and len(data) > 2_000:
                        continue
                    exchanges += 1 if way is not split else len(data) - 1
                    if wrong := way(vector, data, server.port):
                        problems += 1
                        print(f"{os.path.basename(path)}: {raw['name']} ({way.__name__}): {wrong}", flush=True)
    print(f"vectors: {count} vectors, {exchanges} exchanges, {problems} problems")
    sys.exit(1 if problems or not count else 0)


main()
