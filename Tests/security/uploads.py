"""Files that are sent in odd ways: senders that trickle, stop, or end early, names that can't be given, and a disk that is to stay free."""
import os
import signal
import socket
import ssl
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import http2
from checks import code, raw, until

IDLE = 2


def shown(server, name):
    return os.path.exists(os.path.join(server.data, name))


def staged(server):
    return os.listdir(os.path.join(server.data, ".tally", "uploads"))


def put(name, *fields, version="1.1"):
    lines = [f"PUT /files/{name} HTTP/{version}", "Host: 127.0.0.1", *fields, "", ""]
    return "\r\n".join(lines).encode()


def trickled(server, head, pieces, seconds):
    """How long a connection lasts to which bytes come one by one, and what was answered on it."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=0.4) as connection:
        connection.sendall(head)
        start, answer = time.monotonic(), b""
        while time.monotonic() < start + seconds:
            try:
                connection.sendall(next(pieces))
                piece = connection.recv(65_536)
                if not piece:
                    break
                answer += piece
            except socket.timeout:
                continue
            except OSError:
                break
        return time.monotonic() - start, answer


def forever(piece):
    while True:
        yield piece


def waits(checks, server):
    """What comes without a byte of the file renews no wait; and behind an early answer there is a time in all."""
    chunked = put("ext.csv", "Transfer-Encoding: chunked")
    for name, head in (("a chunk's extension", chunked + b"1;"), ("a trailer", chunked + b"1\r\na\r\n0\r\nX: ")):
        lasted, answer = trickled(server, head, forever(b"a"), 15)
        checks.expect(lasted < IDLE + 4, f"{name} that never ends kept its connection for {lasted:.0f} s: {answer[:80]!r}")
    for name, head in (("a refused upload", put("x.csv", "Content-Length: 1000000", "Content-Range: bytes 0-1/2")),
                       ("one of a bad name", put("a*b", "Content-Length: 1000000"))):
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
            connection.sendall(head)
            answer, start = connection.recv(65_536), time.monotonic()
            try:
                connection.sendall(b"x")
                while connection.recv(65_536):
                    pass
            except OSError:
                pass
            lasted = time.monotonic() - start
            checks.expect(code(answer) == 400 and lasted < 8, f"{name} kept its connection for {lasted:.0f} s: {answer[:80]!r}")
    checks.expect(until(lambda: not staged(server)), f"nothing is left of them: {staged(server)}")


def heads(checks, server):
    answer = raw(server, put("old.csv", "Expect: 100-continue", "Content-Length: 2", version="1.0") + b"k\n", 5)
    checks.expect(code(answer) == 201, f"HTTP/1.0 knows no 100 Continue: {answer[:60]!r}")
    both = raw(server, put("one.csv", "Content-Length: 2") + b"k\n" + put("two.csv", "Content-Length: 2", "Connection: close") + b"k\n", 5)
    checks.expect(code(both) == 201 and shown(server, "one.csv") and until(lambda: shown(server, "two.csv")), f"two on one connection: {both[:60]!r}")
    absolute = put("absolute.csv", "Content-Length: 2", "Connection: close").replace(b"PUT /files", b"PUT http://127.0.0.1/files") + b"k\n"
    checks.expect(code(raw(server, absolute, 5)) == 201, "a target in absolute form is the same file")
    short = raw(server, put("short.csv", "Content-Length: 100") + b"k\n", IDLE + 3)
    checks.expect(code(short) == 408 and not shown(server, "short.csv"), f"a body that stops: {short[:60]!r}")
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(put("cut.csv", "Content-Length: 100") + b"k\n")
        connection.shutdown(socket.SHUT_WR)
        answer = connection.recv(65_536)
    checks.expect(not shown(server, "cut.csv"), f"a body that ends: {answer[:60]!r}")
    cross = put("cross.csv", "Content-Length: 2", "Origin: http://evil.example", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate") + b"k\n"
    checks.expect(code(raw(server, cross, 5)) == 403 and not shown(server, "cross.csv"), "another site's page sends no file")


def names(checks, server):
    """What no file can be given is said before its first byte."""
    os.makedirs(os.path.join(server.data, "folder"), exist_ok=True)
    os.symlink("/etc", os.path.join(server.data, "link"))
    os.mkfifo(os.path.join(server.data, "pipe"))
    for name in ("folder", "link", "pipe", "link/passwd", "one.csv/x"):
        answer = raw(server, put(name, "Content-Length: 1000000", "Expect: 100-continue", "If-Match: *"), 5)
        checks.expect(code(answer) in (400, 412) and b"100 Continue" not in answer, f"{name}: {answer[:200]!r}")
    checks.expect(not os.path.exists("/etc/x"), "no link leads out")


def races(checks, server):
    """Of a hundred at the same time that send one name, one is taken."""
    request = put("race.csv", "Content-Length: 2", "Connection: close") + b"k\n"
    with ThreadPoolExecutor(100) as pool:
        answers = [code(answer) for answer in pool.map(lambda _: raw(server, request, 30), range(100))]
    checks.expect(answers.count(201) == 1 and set(answers) <= {201, 409, 412, 429}, f"{sorted(answers)}")
    checks.expect(until(lambda: not staged(server)), f"nothing is left of the others: {staged(server)}")


def room(checks):
    """The reserve stays free, also where the head doesn't say how much comes."""
    with checks.server() as plain:
        disk = os.statvfs(plain.data)
        free = disk.f_bavail * disk.f_frsize
    with checks.server("--limit", f"diskReserveBytes={free - (20 << 20)}") as server:
        told = raw(server, put("told.bin", f"Content-Length: {400 << 20}", "Expect: 100-continue"), 5)
        checks.expect(code(told) == 507, f"a file that says its size: {told[:60]!r}")
        sender = subprocess.run(f"head -c {400 << 20} /dev/zero | curl -sS -T - -o /dev/null -w '%{{http_code}}' {server.url}/files/untold.bin", shell=True, capture_output=True, text=True)
        checks.expect(sender.stdout.endswith("507") and not shown(server, "untold.bin"), f"a file that doesn't: {sender.stdout} {sender.stderr}")
        checks.expect(until(lambda: not staged(server)), "nothing is left of it")


def stop(checks):
    """A stop doesn't wait for a sender that trickles."""
    with checks.server() as server:
        with socket.create_connection(("127.0.0.1", server.port), timeout=0.1) as connection:
            connection.sendall(put("stop.csv", "Content-Length: 1000000"))
            start, over = time.monotonic(), None
            while time.monotonic() < start + 15 and over is None:
                if time.monotonic() > start + 1 and over is None:
                    server.process.send_signal(signal.SIGTERM) if not getattr(server, "told", False) else None
                    server.told = True
                try:
                    connection.sendall(b"x")
                except OSError:
                    pass
                time.sleep(0.3)
                over = server.process.poll()
        lasted = time.monotonic() - start - 1
        checks.figure("SIGTERM while a sender trickles", f"{lasted:.1f} s")
        checks.expect(over == 0 and lasted < 8, f"the stop took {lasted:.1f} s and ended with {over}")
        checks.expect(not shown(server, "stop.csv"), "no part is shown")


def frames(checks, server):
    """HTTP/2: a stream that ends with its connection has sent half a file, and an answered one is left in time."""
    def upload(name, length):
        connection = http2.Connection(server)
        connection.settle()
        connection.put(1, f"/files/{name}", [("content-length", str(length))] if length else [])
        return connection
    for name, length in (("h2-length.bin", 100_000), ("h2.bin", None)):
        connection = upload(name, length)
        connection.send(http2.DATA, 0, 1, b"x" * 10_000)
        time.sleep(0.3)
        try:
            connection.socket.unwrap()
        except (OSError, ssl.SSLError):
            pass
        connection.close()
        time.sleep(0.5)
        checks.expect(not shown(server, name), f"{name}: half a file is shown")
    connection = upload("a*b", 100_000)
    connection.answer(1)
    connection.send(http2.DATA, 0, 1, b"x")
    start = time.monotonic()
    connection.socket.settimeout(15)
    while (found := connection.frame()) is not None and found[0] not in (http2.RESET, http2.GOAWAY):
        pass
    checks.expect(time.monotonic() - start < 12, "a stream that was answered is left")
    connection.close()
    whole = upload("h2-whole.bin", 3)
    whole.send(http2.DATA, 1, 1, b"abc")
    fields, _ = whole.answer(1)
    checks.expect(until(lambda: shown(server, "h2-whole.bin"), 5), f"a whole file: {fields[:40]!r}")
    whole.close()
    checks.expect(until(lambda: not staged(server)), f"nothing is left: {staged(server)}")
    with open(server.log) as log:
        checks.expect(" error " not in log.read(), "a sender that goes away is no fault of the server's")


def all(checks):
    limits = ("--limit", f"uploadIdleMilliseconds={IDLE * 1000}", "--limit", "bodyMilliseconds=3000")
    with checks.server(*limits) as server:
        waits(checks, server)
        heads(checks, server)
        names(checks, server)
        races(checks, server)
    room(checks)
    stop(checks)
    with checks.server() as plain:
        key, certificate = os.path.join(plain.place, "key.pem"), os.path.join(plain.place, "cert.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-keyout", key, "-out", certificate], check=True, capture_output=True)
        with checks.server("--tls-certificate", certificate, "--tls-key", key, *limits) as server:
            frames(checks, server)
