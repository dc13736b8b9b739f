"""A hostile server, and what a user does in a hurry: the client neither crashes, nor believes, nor leaves anything half-written."""
import http.server
import json
import os
import pty
import select
import signal
import subprocess
import threading
import time

from checks import until

JOB = "01a21c0f-4b86-724c-851c-ed855b0965d8"
LEAST, MOST = -(1 << 63), (1 << 63) - 1


def status(**more):
    progress = {"phase": "reading", "bytesRead": 1, "bytesTotal": 2, "rows": 1, "groups": 1, "bytesSpilled": 0, "badRows": 0, "rowsPerSecond": 1}
    found = {"jobId": JOB, "state": "running", "input": "in.csv", "output": "out.csv", "createdAt": "2026-01-01T00:00:00.000Z", "startedAt": "0001-01-01T00:00:00.000Z",
             "epoch": 1, "attempts": 0, "rescues": 0, "progress": progress, "published": False}
    found["progress"].update(more.pop("progress", {}))
    return found | more


class Hostile:
    """Answers every method by what `answers` says: a function of the request."""

    def __init__(self, answers, downloads=None):
        self.paths = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.paths.append((request["method"], self.headers.get("Authorization")))
                answer = answers(request)
                body = answer if isinstance(answer, bytes) else json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": answer}).encode()
                if self.headers["Accept"] == "text/event-stream":
                    body = b"data: " + body + b"\n\n"
                self.send(200, body, "text/event-stream" if self.headers["Accept"] == "text/event-stream" else "application/json")

            def do_GET(self):
                outer.paths.append((self.path, self.headers.get("Authorization")))
                if downloads:
                    downloads(self)
                else:
                    self.send(404, b"{}", "application/json")

            def send(self, code, body, kind):
                self.send_response(code)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()


def client(checks, server, *words, seconds=30, **more):
    environment = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "TALLY_SERVER": server.url, **more.pop("environment", {})}
    return subprocess.run([f"{checks.bin}/rpc-client", *words], capture_output=True, timeout=seconds, env=environment, **more)


def numbers(checks):
    """No number of a server's is computed with as if it were a sound one."""
    numbers = [LEAST, MOST, -1, 0, -1e300, 1e300, 1e-300]
    for number in numbers:
        whole = int(number) if abs(number) < 1e19 else number
        progress = {name: whole for name in ("bytesRead", "bytesTotal", "rows", "groups", "bytesSpilled", "badRows", "rowsPerSecond")} | {"secondsLeft": number}
        description = {"input": "in.csv", "bytes": whole, "compression": "none", "csv": {}, "columns": [{"name": "a", "type": "text", "empty": whole}], "rowsSeen": whole, "confidence": number, "firstRows": [["1"]]}
        result = {"output": "out.csv", "bytes": whole, "rows": whole, "sha256": "0" * 64, "url": f"/results/{JOB}"}
        answers = {
            "getStatus": status(progress=progress), "describeInput": description, "getResult": result | {"firstRows": [["a"], ["1"]]},
            "listJobs": {"jobs": [status(progress=progress, state="succeeded", finishedAt="9999-12-31T23:59:59.999Z", result=result)]},
            "streamProgress": status(progress=progress, state="succeeded", result=result, finishedAt="0001-01-01T00:00:00.000Z"),
            "listInputs": {"inputs": [{"name": "a", "bytes": whole, "modifiedAt": "9999-12-31T23:59:59.999Z"}]},
            "rpc.stats": {"now": "9999-12-31T23:59:59.999Z", "uptimeSeconds": number}, "rpc.discover": {"info": {"version": "9" * 400}, "methods": []},
        }
        with Hostile(lambda request: answers[request["method"]]) as server:
            for words in (["status", JOB], ["describe", "in.csv"], ["result", JOB, "--preview"], ["list"], ["watch", JOB], ["inputs"], ["stats"], ["doctor"]):
                done = client(checks, server, *words)
                checks.expect(done.returncode >= 0 and done.returncode < 128, f"{words[0]} with {number} ends with {done.returncode}: {done.stderr[-200:]!r}")


def answers(checks):
    """What is no answer to the call isn't taken for one; a list without end is left; a token goes nowhere else."""
    with Hostile(lambda request: json.dumps({"jsonrpc": "2.0", "id": None, "result": status()}).encode()) as server:
        done = client(checks, server, "status", JOB)
        checks.expect(done.returncode == 77 and JOB.encode() not in done.stdout, f"a result whose ID is null: {done.returncode} {done.stdout!r}")
    for token in (lambda count: "same", lambda count: str(count)):
        count = [0]

        def page(request):
            count[0] += 1
            return {"jobs": [], "nextPageToken": token(count[0])}
        with Hostile(page) as server:
            done = client(checks, server, "status", "01a21c")
            checks.expect(done.returncode not in (0, -9) and count[0] < 100, f"an endless list: {count[0]} pages, {done.returncode}")
    for url in ("@127.0.0.1:1/x", "//127.0.0.1:1/x", "http://127.0.0.1:1/x", ":80@127.0.0.1:1/x", "results/x", "/x\r\nX: y", "/\\127.0.0.1/x"):
        result = {"output": "o", "bytes": 1, "rows": 1, "sha256": "0" * 64, "url": url, "firstRows": []}
        with Hostile(lambda request: result) as server:
            done = client(checks, server, "result", JOB, "--token", "secret")
            checks.expect(done.returncode == 77 and not done.stdout, f"a result at {url!r}: {done.returncode} {done.stderr!r}")
            checks.expect({path for path, _ in server.paths} == {"getResult"}, f"a result at {url!r} is fetched: {server.paths}")


def terminal(checks, words, environment, until_seen=b"", signals=()):
    """What a command writes on a terminal, and its exit code."""
    pid, descriptor = pty.fork()
    if pid == 0:
        try:
            os.execvpe(words[0], words, {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "TERM": "xterm", **environment})
        finally:
            os._exit(127)
    output, end, signals = b"", time.time() + 20, list(signals)
    while time.time() < end:
        if select.select([descriptor], [], [], 0.1)[0]:
            try:
                output += os.read(descriptor, 65_536)
            except OSError:
                break
        elif signals and until_seen in output:
            os.write(descriptor, signals.pop(0))
    found = os.waitpid(pid, os.WNOHANG if time.time() >= end else 0)
    os.close(descriptor)
    return output, os.waitstatus_to_exitcode(found[1]) if found[0] else None


def screens(checks):
    """A server's texts move no cursor; TERM=dumb gets no escape codes; a pipe gets nothing in the first second."""
    evil = "x\x1b[2J\x9b31m\u202e\r\n"
    bad = status(jobId=JOB + evil, state="failed", input=evil, output=evil, error={"status": "INTERNAL", "reason": "X", "message": evil})
    answers = {"listJobs": {"jobs": [bad]}, "getStatus": bad, "submitJob": bad, "streamProgress": bad, "rpc.stats": {evil: evil}, "rpc.discover": {"methods": [{"name": evil, "summary": evil}]},
               "listInputs": {"inputs": [{"name": evil, "bytes": 1, "modifiedAt": "2026-01-01T00:00:00.000Z"}]}, "cancelJob": bad,
               "listEvents": {"events": [], "hasMore": False}}
    # Names of a newer server: they are kept, and shown.
    newer = status(jobId=JOB, state=evil, progress={"phase": evil})
    reading = status(jobId=JOB, progress={"phase": evil})
    for shown, commands in ((newer, (["list"], ["status", JOB], ["watch", JOB], ["cancel", JOB])), (reading, (["status", JOB],))):
        with Hostile(lambda request: {"jobs": [shown]} if request["method"] == "listJobs" else shown) as server:
            for words in commands:
                output, _ = terminal(checks, [f"{checks.bin}/rpc-client", *words], {"TALLY_SERVER": server.url})
                checks.expect(b"\x1b[2J" not in output and "\x9b".encode() not in output and b"31m" in output, f"{words[0]} shows a newer server's name: {output[-200:]!r}")
    with Hostile(lambda request: answers[request["method"]]) as server:
        for words in (["list"], ["status", JOB], ["run", "a.csv", "-o", "b.csv"], ["submit", "a.csv", "-o", "b.csv"], ["watch", JOB], ["stats"], ["discover"], ["inputs"], ["cancel", JOB], ["call", "getStatus"]):
            output, _ = terminal(checks, [f"{checks.bin}/rpc-client", *words], {"TALLY_SERVER": server.url})
            checks.expect(b"\x1b[2J" not in output and "\x9b".encode() not in output and "\u202e".encode() not in output, f"{words[0]} lets a server move the cursor: {output[-200:]!r}")
            output, _ = terminal(checks, [f"{checks.bin}/rpc-client", *words], {"TALLY_SERVER": server.url, "TERM": "dumb"})
            checks.expect(b"\x1b" not in output, f"{words[0]} with TERM=dumb: {output[-200:]!r}")
    with checks.server(files={"plays.csv": b"Song,Date,Number of Plays\na,2020-01-01,1\n"}) as server:
        done = client(checks, server, "run", "plays.csv", "-o", "o.csv")
        checks.expect(done.stderr.count(b"\n") == 1 and b"succeeded in " in done.stderr, f"a short job in a pipe: {done.stderr!r}")


def interrupts(checks):
    """Ctrl-C cancels only what this very command has submitted; before the answer it says how to find the job."""
    rows = b"Song,Date,Number of Plays\n" + b"".join(b"song %d,2020-01-01,%d\n" % (row, row) for row in range(100))
    with checks.server(files={"plays.csv": rows}) as server:
        start = {"startAt": "2999-01-01T00:00:00Z"}
        environment = {"TALLY_SERVER": server.url}
        for command in ("watch", "wait"):
            job = server.call("submitJob", input="plays.csv", output=f"{command}.csv", **start)["jobId"]
            output, ended = terminal(checks, [f"{checks.bin}/rpc-client", command, job], environment, b"waiting" if command == "watch" else b"", [b"\x03", b"\x03", b"\x03"])
            checks.expect(ended == 130, f"Ctrl-C in {command}: {ended} {output!r}")
            checks.expect(server.call("getStatus", jobId=job)["state"] == "waiting", f"{command} has cancelled somebody's job")
        for words, state in ((["--cancel-on-interrupt"], "cancelled"), (["--key", "mine"], "waiting"), ([], "cancelled")):
            output, ended = terminal(checks, [f"{checks.bin}/rpc-client", "run", "plays.csv", "-o", f"run{len(words)}.csv", "--start-at", "2999-01-01T00:00:00Z", *words], environment, b"waiting", [b"\x03", b"\x03"])
            job = server.call("listJobs", pageSize=1)["jobs"][0]
            checks.expect(job["state"] == state, f"Ctrl-C twice in run {words}: {job['state']}, {ended}, {output[-300:]!r}")
            if state == "waiting":
                server.call("cancelJob", jobId=job["jobId"])
    with Hostile(lambda request: time.sleep(20)) as server:
        run = subprocess.Popen([f"{checks.bin}/rpc-client", "run", "a.csv", "-o", "b.csv"], stderr=subprocess.PIPE, env={"PATH": "/usr/bin", "TALLY_SERVER": server.url})
        until(lambda: server.paths)
        time.sleep(0.3)
        run.send_signal(signal.SIGINT)
        errors = run.communicate(timeout=10)[1]
        checks.expect(run.returncode == 130 and b"--key " in errors, f"Ctrl-C before the answer: {run.returncode} {errors!r}")


def downloads(checks):
    """A download that was changed is no answer; one that is interrupted leaves nothing."""
    body = b"a,b\n1,2\n"
    result = {"output": "o", "bytes": len(body), "rows": 1, "sha256": "0" * 64, "url": f"/results/{JOB}", "firstRows": []}
    with Hostile(lambda request: result, lambda handler: handler.send(200, body, "text/csv")) as server:
        place = os.path.join(os.environ.get("TMPDIR", "/tmp"), f"tally-security-{os.getpid()}")
        os.makedirs(place)
        done = client(checks, server, "result", JOB, "-o", os.path.join(place, "o.csv"))
        checks.expect(done.returncode == 79 and not os.listdir(place), f"an answer with another digest: {done.returncode} {done.stderr!r} {os.listdir(place)}")

        def stall(handler):
            handler.send_response(200)
            handler.send_header("Content-Length", "1000000")
            handler.end_headers()
            handler.wfile.write(body)
            handler.wfile.flush()
            time.sleep(15)
        with Hostile(lambda request: result, stall) as slow:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                run = subprocess.Popen([f"{checks.bin}/rpc-client", "result", JOB, "-o", os.path.join(place, "o.csv")], stderr=subprocess.PIPE, env={"PATH": "/usr/bin", "TALLY_SERVER": slow.url})
                until(lambda: os.listdir(place))
                run.send_signal(number)
                run.communicate(timeout=10)
                checks.expect(run.returncode == -number and not os.listdir(place), f"{number!r} leaves {os.listdir(place)}, {run.returncode}")
        os.rmdir(place)


def pipes(checks):
    """What run prints to a reader that leaves doesn't stay on the server."""
    rows = b"k,n\n" + b"".join(b"key-%07d,1\n" % row for row in range(200_000))
    with checks.server(files={"big.csv": rows}) as server:
        words = [f"{checks.bin}/rpc-client", "run", "big.csv", "-o", "-", "--group-by", "k", "--sum", "n"]
        run = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={"PATH": "/usr/bin", "TALLY_SERVER": server.url})
        first = run.stdout.read(9)
        run.stdout.close()
        run.stderr.read()
        checks.expect(first == b"k,sum(n)\n" and run.wait(20) == 141, f"a reader that leaves: {first!r} {run.returncode}")
        checks.expect(os.listdir(server.data).count("big.csv") == 1 and not [name for name in os.listdir(server.data) if name.startswith("rpc-client")], f"what stays: {os.listdir(server.data)}")
        checks.expect(not server.call("listJobs")["jobs"], "the job is forgotten")
        with open("/dev/full", "wb") as full:
            done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, env={"PATH": "/usr/bin", "TALLY_SERVER": server.url})
        checks.expect(done.returncode == 74 and not server.call("listJobs")["jobs"], f"a full disk: {done.returncode} {done.stderr!r}")
        done = client(checks, server, "run", "big.csv", "-o", "-", environment={"TALLY_JSON": "true"})
        checks.expect(done.returncode == 64, f"JSON by a setting, and -o -: {done.returncode}")


def proxies(checks):
    """This machine is never reached through a proxy of the environment."""
    with Hostile(lambda request: status()) as proxy, checks.server() as server:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "https_proxy"):
            done = client(checks, server, "list", "--token", "secret", environment={name: proxy.url})
            checks.expect(done.returncode == 0 and not proxy.paths, f"{name} gets a loopback call: {proxy.paths} {done.stderr!r}")


def all(checks):
    numbers(checks)
    answers(checks)
    screens(checks)
    interrupts(checks)
    downloads(checks)
    pipes(checks)
    proxies(checks)
