"""The server that the vectors speak of, and the vectors with its jobs' IDs in them."""
import glob
import http.client
import json
import os
import re
import shutil
import socket
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "Tests", "peers"))
from server import Server

# No heartbeat falls into a stream that is compared.
OPTIONS = ("--limit", "streamHeartbeatMilliseconds=60000")


def vectors(variables):
    """All of them, in the order of their files: (file, vector)."""
    for path in sorted(glob.glob(os.path.join(ROOT, "clients", "vectors", "*.json"))):
        with open(path) as file:
            for raw in json.load(file):
                yield os.path.basename(path), filled(raw, variables)


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


def connect(port):
    connection = socket.create_connection(("127.0.0.1", port), timeout=30)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def prepare(server):
    """Makes the jobs that the vectors speak of."""
    shutil.copy(os.path.join(ROOT, "Examples", "plays.csv"), server.data)
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
