#!/usr/bin/env python3
"""Connections that a server must bear: some send a byte a second, some never read, some vanish in mid-stream. Meanwhile
others are answered, memory is bounded, and afterwards file descriptors, streams and calls are what they were.
Then SIGTERM under load: no call that was accepted is dropped, streams are told, and the server ends in time.

Usage: hostile.py [--bin .build/release] [--slow 2000] [--deaf 2000] [--vanishing 200]
"""
import argparse
import gzip
import http.client
import json
import os
import re
import resource
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(ROOT, "Tests", "peers"))
from server import Server

arguments = argparse.ArgumentParser()
arguments.add_argument("--bin", default=".build/release")
arguments.add_argument("--slow", type=int, default=2_000)
arguments.add_argument("--deaf", type=int, default=2_000)
arguments.add_argument("--vanishing", type=int, default=200)
arguments = arguments.parse_args()
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65_536), hard))
problems = []


def expect(condition, what):
    if not condition:
        problems.append(what)
        print(f"  PROBLEM: {what}", flush=True)


def request(method, parameters, accept="application/json", identity=1):
    body = json.dumps({"jsonrpc": "2.0", "id": identity, "method": method, "params": parameters})
    return (f"POST /rpc HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nAccept: {accept}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}").encode()


def descriptors(server):
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


def connect(server):
    return socket.create_connection(("127.0.0.1", server.port), timeout=30)


def measured(server, job, count=200):
    connection, taken = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30), []
    for _ in range(count):
        start = time.perf_counter()
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "getStatus", "params": {"jobId": job}})
        connection.request("POST", "/rpc", body, {"Content-Type": "application/json", "Accept": "application/json"})
        expect(json.loads(connection.getresponse().read())["result"]["jobId"] == job, "another answer")
        taken.append((time.perf_counter() - start) * 1000)
    taken.sort()
    return f"p50 {taken[count // 2]:.1f} ms, p99 {taken[int(count * 0.99)]:.1f} ms"


def besieged(server, job):
    # The store opens its readers as they are needed.
    warm = [threading.Thread(target=lambda: [server.call("getStatus", jobId=job) for _ in range(50)]) for _ in range(16)]
    for thread in warm:
        thread.start()
    for thread in warm:
        thread.join()
    time.sleep(0.5)
    base = descriptors(server), server.memory_mebibytes()
    print(f"at rest: {base[0]} file descriptors, {base[1]:.0f} MiB, getStatus {measured(server, job)}")

    slow = [connect(server) for _ in range(arguments.slow)]
    stop = threading.Event()

    def drip():
        text, at = request("getStatus", {"jobId": job}), 0
        while not stop.is_set():
            for connection in slow:
                try:
                    connection.sendall(text[at:at + 1])
                except OSError:
                    pass
            at = min(at + 1, len(text) - 2)
            stop.wait(1)

    dripping = threading.Thread(target=drip)
    dripping.start()
    # Half of the deaf ask for a stream, half for many large answers, one behind the other.
    deaf = []
    for number in range(arguments.deaf):
        connection = connect(server)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        text = request("streamProgress", {"jobId": job}, "text/event-stream") if number % 2 else request("rpc.discover", {}) * 30
        connection.settimeout(5)
        connection.sendall(text)
        deaf.append(connection)
    time.sleep(1)
    print(f"{arguments.slow} slow and {arguments.deaf} deaf connections: {descriptors(server)} file descriptors, "
          f"{server.memory_mebibytes():.0f} MiB, {server.call('rpc.stats')['streams']} streams, getStatus {measured(server, job)}", flush=True)

    vanishing = []
    for number in range(arguments.vanishing):
        connection = connect(server)
        connection.sendall(request("streamProgress", {"jobId": job}, "text/event-stream"))
        vanishing.append(connection)
    time.sleep(0.5)
    before = server.call("rpc.stats")["streams"]
    for number, connection in enumerate(vanishing):
        if number % 2:  # half of them with a reset, half with an orderly end
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
    start = time.time()
    while server.call("rpc.stats")["streams"] > before - arguments.vanishing and time.time() - start < 10:
        time.sleep(0.02)
    print(f"{arguments.vanishing} streams whose readers vanish: their slots are free after {time.time() - start:.2f} s", flush=True)
    expect(server.call("rpc.stats")["streams"] == before - arguments.vanishing, "slots of vanished readers stay taken")

    time.sleep(max(0, 11 - (time.time() - start)))
    ended = sum(1 for connection in slow if ends(connection))
    print(f"after 11 s, {ended} of the slow connections have been ended", flush=True)
    expect(ended == len(slow), "slow connections are still open")
    stop.set()
    dripping.join()
    peak = server.peak_mebibytes()
    for connection in slow + deaf:
        connection.close()
    for _ in range(300):
        stats = server.call("rpc.stats")
        if descriptors(server) <= base[0] + 2 and stats["streams"] == 0 and stats["callsInFlight"] == 1:
            break
        time.sleep(0.1)
    print(f"all gone: {descriptors(server)} file descriptors, {server.memory_mebibytes():.0f} MiB (peak {peak:.0f}), "
          f"{stats['streams']} streams, {stats['callsInFlight']} call in flight", flush=True)
    expect(descriptors(server) <= base[0] + 2, "file descriptors are left")
    expect(stats["streams"] == 0 and stats["callsInFlight"] == 1, "streams or calls are left")
    expect(peak < 64 + 0.2 * (arguments.slow + arguments.deaf + arguments.vanishing), "more than 0.2 MiB for each connection")


def ends(connection):
    connection.settimeout(0.01)
    try:
        while connection.recv(65536):
            pass
        return True
    except TimeoutError:
        return False
    except OSError:
        return True


def gone_while_asking(server, job):
    """A unary call whose caller goes is cancelled: at once after a reset, after two seconds on a half-closed connection."""
    for reset in (True, False):
        waiting = []
        for _ in range(50):
            connection = connect(server)
            connection.sendall(request("streamProgress", {"jobId": job, "waitMs": 3_000_000}))
            waiting.append(connection)
        while server.call("rpc.stats")["streams"] < 50:
            time.sleep(0.02)
        for connection in waiting:
            if reset:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
        start = time.time()
        while server.call("rpc.stats")["streams"] > 0 and time.time() - start < 10:
            time.sleep(0.02)
        print(f"50 unary calls whose callers go ({'reset' if reset else 'closed'}): cancelled after {time.time() - start:.2f} s", flush=True)
        expect(server.call("rpc.stats")["streams"] == 0, "calls of vanished callers go on")


def refused(place):
    """What the transport refuses, and what it lets pass, on raw connections."""
    with Server(arguments.bin, place, "--limit", "callsInFlight=1") as server:
        shutil.copy(os.path.join(ROOT, "Examples", "plays.csv"), server.data)
        job = server.call("submitJob", input="plays.csv", output="w.csv", startAt="2999-01-01T00:00:00Z")["jobId"]
        head = b"POST /rpc HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        body = b'{"jsonrpc":"2.0","id":1,"method":"rpc.stats"}'
        length = f"Content-Length: {len(body)}\r\n\r\n".encode()
        chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
        for name, text, first, holds in (
            ("length and chunks", head + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"400", b"INVALID_HTTP"),
            ("no HTTP", b"GARBAGE\r\n\r\n", b"400", b"INVALID_HTTP"),
            ("large headers", head + b"X: " + b"a" * 70_000 + b"\r\n\r\n", b"431", b"HEADERS_TOO_LARGE"),
            ("a declared length that is too large", head + b"Content-Length: 2000000\r\n\r\n", b"413", b"BODY_TOO_LARGE"),
            ("too many chunks", head + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 20, b"413", b"BODY_TOO_LARGE"),
            ("a bomb", head + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb) + bomb, b"413", b"BODY_TOO_LARGE"),
            ("no gzip", head + b"Content-Encoding: gzip\r\n" + length + body, b"400", b"INVALID_GZIP"),
            ("another encoding", head + b"Content-Encoding: br\r\n" + length + body, b"415", b"UNSUPPORTED_ENCODING"),
        ):
            connection = connect(server)
            connection.settimeout(10)
            connection.sendall(text)
            answer = b""
            while piece := connection.recv(65536):
                answer += piece
            expect(first in answer.split(b"\r\n")[0] and holds in answer, f"{name}: {answer[:300]}")
        connection = connect(server)
        connection.sendall(head + b"Expect: 100-continue\r\n" + length)
        expect(connection.recv(65536).startswith(b"HTTP/1.1 100 Continue\r\n"), "100 Continue")
        connection.sendall(body)
        expect(connection.recv(65536).startswith(b"HTTP/1.1 200"), "the call after 100 Continue")
        holder = connect(server)
        batch = json.dumps([{"jsonrpc": "2.0", "id": 1, "method": "streamProgress", "params": {"jobId": job, "waitMs": 60_000}}])
        holder.sendall(head + f"Accept: application/json\r\nContent-Length: {len(batch)}\r\n\r\n{batch}".encode())
        time.sleep(0.3)
        connection = connect(server)
        connection.sendall(head + length + body)
        answer = connection.recv(65536)
        expect(b" 429 " in answer and b"Retry-After: 1" in answer and b"TOO_MANY_CALLS" in answer, f"429: {answer}")
        holder.close()
    print("what the transport refuses is refused with its status and a JSON-RPC error", flush=True)


def guarded(place):
    """A server with a token and a list of origins: who lacks either is refused, who has it is served."""
    with Server(arguments.bin, place, "--token", "secret", "--allowed-origins", "https://ok.example") as server:
        def ask(method, path, headers, body=None):
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return response, response.read()

        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "rpc.stats"})
        plain = {"Content-Type": "application/json", "Accept": "application/json"}
        for path, method, text in (("/rpc", "POST", body), ("/results/none", "GET", None), ("/metrics", "GET", None)):
            for token in (None, "Bearer wrong!", "Basic secret"):
                response, answer = ask(method, path, plain | ({"Authorization": token} if token else {}), text)
                expect(response.status == 401 and response.getheader("WWW-Authenticate") == "Bearer" and b"TOKEN_REQUIRED" in answer,
                       f"{path} with {token}: {response.status} {answer[:200]}")
        known = plain | {"Authorization": "Bearer secret"}
        response, answer = ask("POST", "/rpc", known, body)
        expect(response.status == 200 and b'"uptimeMs"' in answer, f"with the token: {answer[:200]}")
        response, answer = ask("GET", "/metrics", known)
        expect(response.status == 200 and b"tally_uptime_seconds" in answer, f"metrics: {answer[:200]}")
        for path in ("/healthz", "/readyz", "/up", "/"):
            expect(ask("GET", path, {})[0].status == 200, f"{path} needs no token")
        preflight = {"Origin": "https://ok.example", "Access-Control-Request-Method": "POST"}
        response, _ = ask("OPTIONS", "/rpc", preflight)
        expect(response.status == 204 and response.getheader("Access-Control-Allow-Origin") == "https://ok.example"
               and "Content-Type" in response.getheader("Access-Control-Allow-Headers"), f"preflight: {response.status} {response.getheaders()}")
        response, _ = ask("POST", "/rpc", known | {"Origin": "https://ok.example"}, body)
        expect(response.status == 200 and response.getheader("Access-Control-Allow-Origin") == "https://ok.example", "a listed origin")
        response, _ = ask("POST", "/rpc", known | {"Origin": "https://other.example"}, body)
        expect(response.status == 403 and response.getheader("Access-Control-Allow-Origin") is None, "another origin")
        expect(server.client("--token", "secret", "list", "--no-headers") == "", "rpc-client with the token")
    print("a token and a list of origins are asked for, and served", flush=True)


bomb = gzip.compress(b" " * 3_000_000)


def impatient(place):
    """With limits of a second: a slow head, a slow body and an idle connection are ended, the first two with a 408."""
    options = [word for name in ("headerMilliseconds", "bodyMilliseconds", "idleMilliseconds") for word in ("--limit", f"{name}=1000")]
    options += ["--limit", "streamHeartbeatMilliseconds=100"]
    with Server(arguments.bin, place, *options) as server:
        shutil.copy(os.path.join(ROOT, "Examples", "plays.csv"), server.data)
        whole = request("rpc.stats", {})
        for name, text, expected in (("head", whole[:20], b"408"), ("body", whole[:-3], b"408"), ("idle", b"", b"408")):
            connection = connect(server)
            connection.settimeout(10)
            connection.sendall(text)
            answer = b""
            while piece := connection.recv(65536):
                answer += piece
            expect(expected in answer.split(b"\r\n")[0] and b"REQUEST_TIMEOUT" in answer, f"slow {name}: {answer[:200]}")
        connection = connect(server)
        connection.sendall(whole)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
        expect(answer.count(b"HTTP/1.1 200") == 1, f"an answered connection ends when it is idle: {answer[-300:]}")
        # Pipelined calls are answered in their order; a body may be gzip.
        connection = connect(server)
        connection.settimeout(10)
        packed = gzip.compress(json.dumps({"jsonrpc": "2.0", "id": 4, "method": "rpc.stats"}).encode())
        head = "POST /rpc HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: "
        connection.sendall(b"".join(request("rpc.stats", {}, identity=i) for i in (1, 2, 3)) + f"{head}{len(packed)}\r\n\r\n".encode() + packed)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
        expect([int(i) for i in re.findall(rb'"id":(\d),', answer)] == [1, 2, 3, 4], f"pipelined: {answer}")
        # A stream without events has its comments.
        waiting = server.call("submitJob", input="plays.csv", output="beat.csv", startAt="2999-01-01T00:00:00Z")["jobId"]
        connection = connect(server)
        connection.settimeout(10)
        connection.sendall(request("streamProgress", {"jobId": waiting}, "text/event-stream"))
        answer = b""
        while answer.count(b": heartbeat\n") < 3:
            answer += connection.recv(65536)
        expect(answer.count(b"data: ") == 1, f"heartbeats: {answer}")
        # Two HEADs on one connection: no byte of a body stands between their answers.
        connection = connect(server)
        connection.settimeout(10)
        connection.sendall(b"HEAD /readyz HTTP/1.1\r\nHost: localhost\r\n\r\nHEAD /none HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
        expect(answer.count(b"HTTP/1.1 ") == 2 and answer.count(b"\r\n\r\nHTTP/1.1 404") == 1 and answer.endswith(b"\r\n\r\n"), f"HEAD: {answer}")
        # A long answer and a slow second request behind it: nothing is written into the first.
        connection = connect(server)
        connection.settimeout(10)
        connection.sendall(request("streamProgress", {"jobId": "nobody", "waitMs": 1}) + whole[:-2])
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
        expect(answer.startswith(b"HTTP/1.1 200") and answer.count(b"HTTP/1.1 408") == 1, f"a slow second request: {answer}")
    print("slow heads, slow bodies and idle connections are ended; HEAD has no body", flush=True)


def silent_over_tls(place):
    """Who connects to a server with TLS and doesn't go on is let go of in time; who does is served."""
    os.makedirs(place, exist_ok=True)
    key, certificate = os.path.join(place, "key.pem"), os.path.join(place, "certificate.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate], check=True, capture_output=True)
    trust = ssl.create_default_context(cafile=certificate)
    http2 = ssl.create_default_context(cafile=certificate)
    http2.set_alpn_protocols(["h2"])
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes.fromhex("000000040000000000")
    # GET / of localhost, the whole request in one frame of headers.
    headers = bytes.fromhex("828784") + b"\x41\x09localhost"
    asked = preface + len(headers).to_bytes(3, "big") + bytes.fromhex("010500000001") + headers

    def ending(connection, what, allowed=()):
        connection.settimeout(20)
        try:
            while piece := connection.recv(65536):
                expect(allowed, f"{what}: {piece}")
        except ConnectionResetError:
            pass
        except TimeoutError:
            expect(False, f"{what}: it is still open")

    limits = [word for name in ("headerMilliseconds", "idleMilliseconds") for word in ("--limit", f"{name}=1000")]
    with Server(arguments.bin, place, "--tls-certificate", certificate, "--tls-key", key, *limits) as server:
        base = descriptors(server)
        # Nothing at all, and the beginning of a ClientHello that promises more.
        waiting = [connect(server) for _ in range(100)]
        for connection in waiting[::2]:
            connection.sendall(bytes.fromhex("16030100c8010000c40303"))
        for connection in waiting:
            ending(connection, "a handshake that isn't done")
        # HTTP/2 that says nothing, that has no stream, and that has had one.
        for what, text in (("silent HTTP/2", b""), ("HTTP/2 without a stream", preface), ("idle HTTP/2", asked)):
            connection = http2.wrap_socket(connect(server), server_hostname="localhost")
            expect(connection.selected_alpn_protocol() == "h2", "HTTP/2 is spoken")
            connection.sendall(text)
            ending(connection, what, allowed=True)
        deadline = time.monotonic() + 10
        while descriptors(server) > base and time.monotonic() < deadline:
            time.sleep(0.05)
        expect(descriptors(server) <= base, f"{descriptors(server) - base} connections are left of silent ones")
        # On one connection, for longer than a handshake may take.
        connection = http.client.HTTPSConnection("localhost", server.port, timeout=10, context=trust)
        connection.connect()
        ways = {connection.sock.getsockname()}
        for _ in range(4):
            time.sleep(0.6)
            connection.request("GET", "/healthz")
            response = connection.getresponse()
            response.read()
            expect(response.status == 200, f"after a handshake: {response.status}")
            ways.add(connection.sock.getsockname())
        expect(len(ways) == 1, "the connection is kept")
    print("unfinished handshakes and silent HTTP/2 are ended in time", flush=True)


def stopped_under_load(server, job):
    """Every submission that got an answer is a job after the restart; none is answered twice or half."""
    acknowledged, refused, broken = [], [0], [0]
    stop = threading.Event()

    def submitter(number):
        at = 0
        while not stop.is_set():
            at += 1
            try:
                connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
                body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "submitJob", "params": {
                    "input": "plays.csv", "output": f"{number}-{at}.csv", "startAt": "2999-01-01T00:00:00Z"}})
                connection.request("POST", "/rpc", body, {"Content-Type": "application/json", "Accept": "application/json"})
                response = connection.getresponse()
                reply = json.loads(response.read())
                if "result" in reply:
                    acknowledged.append(reply["result"]["jobId"])
                else:
                    refused[0] += 1
                connection.close()
            except (ConnectionRefusedError, ConnectionResetError, BrokenPipeError, http.client.RemoteDisconnected):
                # Not accepted: nothing was answered.
                refused[0] += 1
                if server.process is None or server.process.poll() is not None:
                    return
            except (http.client.IncompleteRead, json.JSONDecodeError):
                broken[0] += 1

    streams = []
    for _ in range(20):
        connection = connect(server)
        connection.sendall(request("streamProgress", {"jobId": job}, "application/x-ndjson"))
        streams.append(connection)
    threads = [threading.Thread(target=submitter, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    time.sleep(2)
    start = time.time()
    server.process.send_signal(signal.SIGTERM)
    code = server.process.wait(timeout=40)
    took = time.time() - start
    stop.set()
    for thread in threads:
        thread.join()
    told = 0
    for connection in streams:
        text = b""
        try:
            while piece := connection.recv(65536):
                text += piece
        except OSError:
            pass
        told += b"SHUTTING_DOWN" in text
    server.process = None
    server.start()
    jobs, token = set(), None
    while True:
        page = server.call("listJobs", pageSize=1000, **({"pageToken": token} if token else {}))
        jobs |= {job["jobId"] for job in page["jobs"]}
        token = page.get("nextPageToken")
        if not token:
            break
    print(f"SIGTERM under load: {len(acknowledged)} submissions acknowledged, {len(set(acknowledged) - jobs)} of them lost, "
          f"{broken[0]} answers cut, {told} of {len(streams)} streams told, exit {code} after {took:.2f} s", flush=True)
    expect(len(acknowledged) > 0 and not set(acknowledged) - jobs, "acknowledged jobs are lost")
    expect(broken[0] == 0 and code == 0 and took < 30, "not an orderly stop")
    expect(told == len(streams), "streams weren't told")


with tempfile.TemporaryDirectory() as place, Server(arguments.bin, place) as server:
    shutil.copy(os.path.join(ROOT, "Examples", "plays.csv"), server.data)
    job = server.call("submitJob", input="plays.csv", output="w.csv", startAt="2999-01-01T00:00:00Z")["jobId"]
    besieged(server, job)
    gone_while_asking(server, job)
    refused(os.path.join(place, "refused"))
    guarded(os.path.join(place, "guarded"))
    impatient(os.path.join(place, "impatient"))
    silent_over_tls(os.path.join(place, "tls"))
    stopped_under_load(server, job)
sys.exit(1 if problems else 0)
