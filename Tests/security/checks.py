"""What the security tests have in common: checks and figures, a server of their own, raw requests, and waiting."""
import http.client
import json
import os
import socket
import sys
import tempfile
import time
from contextlib import contextmanager

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "Tests", "peers"))
from server import Server


class Checks:
    def __init__(self, binaries):
        self.bin, self.problems, self.count = os.path.abspath(binaries), [], 0

    def expect(self, condition, text):
        self.count += 1
        if not condition:
            self.problems.append(text)
            print(f"  WRONG: {text}", flush=True)

    def figure(self, name, text):
        print(f"  {name}: {text}", flush=True)

    @contextmanager
    def server(self, *options, files=None):
        """A server with these files in its data folder."""
        with tempfile.TemporaryDirectory() as place:
            server = Server(self.bin, place, *options)
            for name, data in (files or {}).items():
                with open(os.path.join(server.data, name), "wb") as file:
                    file.write(data)
            with server:
                yield server

    def run(self, server, input, output, **spec):
        """A job's last status."""
        job = server.call("submitJob", input=input, output=output, **spec)["jobId"]
        return ended(server, job)


def ended(server, job, seconds=60):
    end = time.time() + seconds
    while time.time() < end:
        status = server.call("getStatus", jobId=job)
        if status["state"] in ("succeeded", "failed", "cancelled"):
            return status
        time.sleep(0.02)
    return status


def until(condition, seconds=20):
    """Waits for a condition; whether it came."""
    end = time.time() + seconds
    while time.time() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


def raw(server, request, seconds=30):
    """The whole answer to the bytes of a request; the connection is closed by the server, or after the time."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=seconds) as connection:
        connection.sendall(request)
        answer = b""
        try:
            while True:
                piece = connection.recv(65_536)
                if not piece:
                    break
                answer += piece
                head, found, body = answer.partition(b"\r\n\r\n")
                length = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
                if found and length and len(body) >= int(length[0].split(b":")[1]):
                    break
        except (socket.timeout, ConnectionResetError):
            pass
        return answer


def code(answer):
    """The status of an answer's head; 0: there is none."""
    words = answer.split(b" ", 2)
    return int(words[1]) if len(words) > 1 and words[1].isdigit() else 0


def post(server, body, headers=None, seconds=120):
    """(status, JSON) of a request's body."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=seconds)
    connection.request("POST", "/rpc", body, {"Content-Type": "application/json", "Accept": "application/json", **(headers or {})})
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer.status, json.loads(text) if text else None


def message(method, parameters, identity=1):
    return json.dumps({"jsonrpc": "2.0", "id": identity, "method": method, "params": parameters}, ensure_ascii=False).encode()


def took(work):
    start = time.monotonic()
    work()
    return time.monotonic() - start
