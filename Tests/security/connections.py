"""Connections: more than there are descriptors, readers that don't read, heads that mean two things, old TLS, and the stop."""
import os
import resource
import signal
import socket
import ssl
import subprocess
import time

import http2
from checks import code, message, raw, until

PLAYS = b"Song,Date,Number of Plays\na,2020-01-01,1\n"


def processor_seconds(server):
    with open(f"/proc/{server.process.pid}/stat") as stat:
        fields = stat.read().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def descriptors(checks):
    """Of 200 descriptors, idle connections take only what jobs and the store don't need."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (200, 200))
    held = []
    real = subprocess.Popen
    subprocess.Popen = lambda *words, **named: real(*words, **named, preexec_fn=limit)
    try:
        with checks.server(files={"plays.csv": PLAYS}) as server:
            subprocess.Popen = real
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4_096), hard))
            first = socket.create_connection(("127.0.0.1", server.port), timeout=30)
            for _ in range(900):
                connection = socket.socket()
                connection.setblocking(False)
                connection.connect_ex(("127.0.0.1", server.port))
                held.append(connection)
            time.sleep(1)
            before, start = processor_seconds(server), time.monotonic()
            body = message("submitJob", {"input": "plays.csv", "output": "busy.csv"})
            first.sendall(b"POST /rpc HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nAccept: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            answer = first.recv(65_536)
            checks.expect(code(answer) == 200 and b"jobId" in answer, f"a connection that stood before is answered: {answer[:100]}")
            time.sleep(3)
            share = (processor_seconds(server) - before) / (time.monotonic() - start)
            checks.figure("900 idle connections with 200 descriptors", f"{share * 100:.0f} % of a core")
            checks.expect(share < 0.5, f"the server is busy with what it can't accept: {share * 100:.0f} %")
            for connection in held:
                connection.close()
            first.close()
            checks.expect(until(lambda: os.path.exists(os.path.join(server.data, "busy.csv"))), "the job was done meanwhile")
            checks.expect(checks.run(server, "plays.csv", "after.csv")["state"] == "succeeded", "afterwards all is as before")
            log = open(server.log).read()
            checks.expect(log.count("connections") < 20, f"it is said once, not for each connection: {log[-500:]}")
    finally:
        subprocess.Popen = real
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def many_inputs(checks):
    """A job of more files than there are descriptors."""
    real = subprocess.Popen
    subprocess.Popen = lambda *words, **named: real(*words, **named, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256)))
    try:
        with checks.server(files={f"in-{number}.csv": PLAYS for number in range(600)}) as server:
            subprocess.Popen = real
            status = checks.run(server, "in-*.csv", "many.csv")
            checks.expect(status["state"] == "succeeded" and status["progress"]["rows"] == 600, f"600 files with 256 descriptors: {status.get('error')}")
    finally:
        subprocess.Popen = real


def unread(server, job, count):
    """So many downloads that nobody reads."""
    held = []
    for _ in range(count):
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        connection.connect(("127.0.0.1", server.port))
        connection.sendall(f"GET /results/{job} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        held.append(connection)
    time.sleep(2)
    return held


def downloads(checks):
    """Readers that don't read: they hold little memory, there are only so many of them, and they are left after a while."""
    rows = b"k,n\n" + b"".join(b"key-%07d-%s,1\n" % (row, b"x" * 40) for row in range(400_000))
    sums = {"groupBy": ["k"], "aggregates": [{"function": "sum", "column": "n"}]}
    with checks.server(files={"big.csv": rows}) as server:
        status = checks.run(server, "big.csv", "big-sums.csv", **sums)
        time.sleep(1)
        before = server.memory_mebibytes()
        held = unread(server, status["jobId"], 240)
        grown = server.memory_mebibytes() - before
        checks.figure(f"240 downloads of {status['result']['bytes'] >> 20} MiB that nobody reads", f"{grown:.0f} MiB more")
        checks.expect(grown < 240, f"240 downloads that nobody reads hold {grown:.0f} MiB")
        for connection in held:
            connection.close()
    with checks.server("--limit", "writeMilliseconds=3000", "--limit", "downloads=40", files={"big.csv": rows}) as server:
        status = checks.run(server, "big.csv", "big-sums.csv", **sums)
        held, refused = unread(server, status["jobId"], 60), 0
        for connection in held:
            connection.setblocking(False)
            try:
                refused += code(connection.recv(100, socket.MSG_PEEK)) == 429
            except BlockingIOError:
                pass
        checks.expect(refused >= 15, f"{refused} of 60 downloads were refused at a limit of 40")
        part = f"GET /results/{status['jobId']} HTTP/1.1\r\nHost: 127.0.0.1\r\nRange: bytes=0-9\r\nConnection: close\r\n\r\n".encode()
        checks.expect(until(lambda: code(raw(server, part)) == 206, 30), "they are left, and others take their place")
        for connection in held:
            connection.close()


def slow(checks):
    """A reader that is slow, and never stops, isn't left: 20 kB/s by the default of 30 s, ten times that by a tenth of it."""
    rows = b"k,n\n" + b"".join(b"key-%07d-%s,1\n" % (row, b"x" * 40) for row in range(400_000))
    with checks.server("--limit", "writeMilliseconds=3000", files={"big.csv": rows}) as server:
        status = checks.run(server, "big.csv", "s.csv", groupBy=["k"], aggregates=[{"function": "sum", "column": "n"}])
        def read():
            """Whether the connection is there after 15 seconds, and the longest time between two reads."""
            with socket.create_connection(("127.0.0.1", server.port)) as connection:
                connection.sendall(f"GET /results/{status['jobId']} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
                start = last = time.monotonic()
                longest = 0
                while last < start + 15:
                    if not connection.recv(60_000):
                        return False, longest
                    time.sleep(0.3)
                    longest, last = max(longest, time.monotonic() - last), time.monotonic()
                return True, longest
        for _ in range(4):
            alive, longest = read()
            # A machine that was so busy that this reader stopped for a while says nothing about the server.
            if alive or longest < 1:
                break
        checks.expect(alive, f"a reader of 200 kB/s, which never waited longer than {longest:.1f} s, was left after writeMilliseconds of 3 s")


def churn(checks, count=15_000):
    """Connections that have ended take no memory."""
    with checks.server() as server:
        def visit(number):
            for _ in range(number):
                raw(server, b"GET /up HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        visit(2_000)
        before = server.memory_mebibytes()
        visit(count)
        grown = server.memory_mebibytes() - before
        checks.figure(f"{count:,} connections that have ended", f"{grown:.1f} MiB more")
        checks.expect(grown < 15, f"{count:,} connections that have ended keep {grown:.1f} MiB")


def heads(checks):
    """A request that two programs could read in two ways is refused; a page of another site reads nothing."""
    with checks.server() as server:
        get = "/rpc?method=rpc.stats"
        wrong = {
            b"GET /up HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\n\r\n": (400,),
            b"GET /up HTTP/1.1\r\n\r\n": (400,),
            b"GET http://other.example/up HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n": (400, 403),
            b"POST /rpc HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n": (400, 501),
            b"POST /rpc HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n": (400,),
            b"POST /rpc HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}": (400,),
            f"GET {get} HTTP/1.1\r\nHost: 127.0.0.1\r\nSec-Fetch-Site: cross-site\r\n\r\n".encode(): (403,),
            f"GET {get} HTTP/1.1\r\nHost: 127.0.0.1\r\nSec-Fetch-Site: same-site\r\n\r\n".encode(): (403,),
            f"GET {get} HTTP/1.1\r\nHost: evil.example\r\n\r\n".encode(): (403,),
        }
        for request, expected in wrong.items():
            found = code(raw(server, request, 5))
            checks.expect(found in expected, f"{request[:90]!r} is answered with {found}")
        spliced = raw(server, b'GET /rpc?method=getStatus&params=%5B%22x%22%5D%2C%22foo%22%3A1 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n', 5)
        checks.expect(b'"code":-32700' in spliced and b"in the query" in spliced, f"params are one value: {spliced[-300:]}")
        for request in (b"GET /up HTTP/1.0\r\n\r\n", f"GET {get} HTTP/1.1\r\nHost: 127.0.0.1\r\nSec-Fetch-Site: same-origin\r\n\r\n".encode(), f"GET {get} HTTP/1.1\r\nHost: 127.0.0.1\r\nSec-Fetch-Site: none\r\n\r\n".encode()):
            found = code(raw(server, request, 5))
            checks.expect(found == 200, f"{request[:90]!r} is answered with {found}")


def tls(checks):
    """TLS 1.2 at least; and with it HTTP/2."""
    with checks.server() as plain:
        key, certificate = os.path.join(plain.place, "key.pem"), os.path.join(plain.place, "cert.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-keyout", key, "-out", certificate], check=True, capture_output=True)
        rows = b"k,n\n" + b"".join(b"key-%07d,1\n" % row for row in range(300_000))
        with checks.server("--tls-certificate", certificate, "--tls-key", key, "--limit", "writeMilliseconds=3000", files={"big.csv": rows}) as server:
            environment = dict(os.environ, TALLY_CACERT=certificate)
            run = subprocess.run([f"{checks.bin}/rpc-client", "--server", f"https://localhost:{server.port}", "run", "big.csv", "-o", "s.csv", "--group-by", "k", "--sum", "n"], capture_output=True, text=True, env=environment)
            checks.expect(run.returncode == 0, f"a job over TLS: {run.stderr}")
            http2.heads(checks, server)
            http2.windows(checks, server, run.stdout.strip())
            for version, accepted in ((ssl.TLSVersion.TLSv1, False), (ssl.TLSVersion.TLSv1_1, False), (ssl.TLSVersion.TLSv1_2, True), (ssl.TLSVersion.TLSv1_3, True)):
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
                context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
                context.set_ciphers("ALL:@SECLEVEL=0")
                context.minimum_version = context.maximum_version = version
                try:
                    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection, context.wrap_socket(connection) as secure:
                        found, cipher = True, secure.cipher()[0]
                except (ssl.SSLError, OSError):
                    found, cipher = False, ""
                checks.expect(found == accepted, f"{version.name}: {found}")
                checks.expect(not found or "GCM" in cipher or "CHACHA" in cipher, f"{version.name} takes {cipher}")
            weak = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            weak.check_hostname, weak.verify_mode = False, ssl.CERT_NONE
            weak.maximum_version = ssl.TLSVersion.TLSv1_2
            weak.set_ciphers("AES128-SHA:@SECLEVEL=0")
            try:
                with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection, weak.wrap_socket(connection):
                    checks.expect(False, "a cipher without forward secrecy is taken")
            except (ssl.SSLError, OSError):
                pass


def stops(checks):
    """SIGHUP ends nothing; a stop doesn't wait for half a body or a stalled reader; a second SIGTERM doesn't wait at all."""
    rows = b"k,n\n" + b"".join(b"key-%07d,1\n" % row for row in range(300_000))
    with checks.server(files={"big.csv": rows}) as server:
        status = checks.run(server, "big.csv", "s.csv", groupBy=["k"], aggregates=[{"function": "sum", "column": "n"}])
        server.process.send_signal(signal.SIGHUP)
        time.sleep(0.5)
        checks.expect(server.process.poll() is None, "SIGHUP doesn't end the server")
        half = socket.create_connection(("127.0.0.1", server.port))
        half.sendall(b"POST /rpc HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{")
        stalled = socket.socket()
        stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        stalled.connect(("127.0.0.1", server.port))
        stalled.sendall(f"GET /results/{status['jobId']} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        time.sleep(0.5)
        start = time.monotonic()
        server.process.terminate()
        over = until(lambda: server.process.poll() is not None, 45)
        checks.figure("SIGTERM with half a body and a stalled download", f"{time.monotonic() - start:.1f} s")
        checks.expect(over and time.monotonic() - start < 15, f"the stop took {time.monotonic() - start:.1f} s")
        checks.expect(server.process.returncode == 0, f"a stop in order ends with {server.process.returncode}")
        half.close()
        stalled.close()
    with checks.server() as server:
        # Something that a stop in order waits for.
        half = socket.create_connection(("127.0.0.1", server.port))
        half.sendall(b"POST /rpc HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{")
        time.sleep(0.3)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.4)
        checks.expect(server.process.poll() is None, "the stop in order takes a moment")
        server.process.send_signal(signal.SIGTERM)
        checks.expect(until(lambda: server.process.poll() is not None, 5) and server.process.returncode == 128 + signal.SIGTERM, f"a second SIGTERM ends it at once: {server.process.returncode}")
        half.close()


def all(checks):
    descriptors(checks)
    many_inputs(checks)
    downloads(checks)
    slow(checks)
    churn(checks)
    heads(checks)
    tls(checks)
    stops(checks)
