"""Texts of callers: combining marks cost no more than letters, and what is echoed is short, in one line, and moves no terminal."""
import json
import os
import subprocess
import time

from checks import ended, message, post, raw, took

PAIRS = "\u0301\u0316"


def marks(checks):
    """Each text once of combining marks, once of as many bytes of letters: the time is of one order."""
    with checks.server("--token", "secret", files={"plays.csv": b"Song,Date,Number of Plays\na,2020-01-01,1\n"}) as server:
        token = {"Authorization": "Bearer secret"}
        places = {
            "a member's name": lambda text: message("getStatus", {text: 1}),
            "an unknown member of the envelope": lambda text: json.dumps({"jsonrpc": "2.0", "id": 1, "method": "getStatus", text: 1}, ensure_ascii=False).encode(),
            "a method": lambda text: message(text, {}),
            "an ID": lambda text: json.dumps({"jsonrpc": "2.0", "id": text, "method": "none"}, ensure_ascii=False).encode(),
            "a job's ID": lambda text: message("getStatus", {"jobId": text}),
            "a state": lambda text: message("listJobs", {"states": [text]}),
            "columns": lambda text: message("submitJob", {"input": "plays.csv", "output": "o.csv", "groupBy": [text + "a", text + "b"], "aggregates": [{"function": "count"}], "orderBy": [text + "b", text + "a"]}),
            "a name of a file": lambda text: message("submitJob", {"input": text, "output": text + "o"}),
            "a text of a condition": lambda text: message("submitJob", {"input": "plays.csv", "output": "c.csv", "where": {"column": "Song", "op": "in", "value": [text, text + "a"]}}),
        }
        for headers in ({}, token):
            for name, body in places.items():
                letters = min(took(lambda: post(server, body("x" * 400_000), headers)) for _ in range(2))
                marks = took(lambda: post(server, body(PAIRS * 100_000), headers))
                if headers:
                    checks.figure(f"400 KB of marks as {name}", f"{marks * 1000:.0f} ms, of letters {letters * 1000:.0f} ms")
                checks.expect(marks < letters * 12 + 0.5, f"marks as {name} cost {marks:.2f} s, letters {letters:.2f} s")
        for field in ("Host", "Origin", "Accept", "Authorization", "If-None-Match", "Content-Type", "Last-Event-ID", "Idempotency-Key"):
            def head(text):
                host = b"" if field == "Host" else b"Host: 127.0.0.1\r\n"
                return b"POST /rpc HTTP/1.1\r\n" + host + f"{field}: {text}\r\nContent-Length: 0\r\n\r\n".encode()
            letters = took(lambda: raw(server, head("x" * 15_000)))
            marks = took(lambda: raw(server, head(PAIRS * 3_750)))
            checks.expect(marks < letters * 12 + 0.5, f"marks in {field} cost {marks:.2f} s, letters {letters:.2f} s")
        answer = raw(server, b"GET /up HTTP/1.1\r\nHost: 127.0.0.1" + "é".encode() + b"\r\n\r\n")
        checks.expect(answer.split(b" ")[1:2] == [b"400"], f"a Host that isn't ASCII: {answer[:60]}")
        answer = raw(server, b"POST /rpc HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: http://\xc3\xa9\r\nContent-Length: 0\r\n\r\n")
        checks.expect(answer.split(b" ")[1:2] == [b"403"], f"an Origin that isn't ASCII: {answer[:60]}")


def logs(checks):
    """What stands in a file, in a name or in a request can't write a line of the log, and moves no terminal."""
    evil = b'Song,Date,Number of Plays\na,2020-01-01,"\n2026-01-01T00:00:00+0000 error tally: FORGED \x1b[31m\xc2\x9b31m"\n'
    with checks.server("--log-level", "debug", "--token", "s3cr3t-t0ken", files={"evil.csv": evil}) as server:
        def call(method, parameters):
            return post(server, message(method, parameters), {"Authorization": "Bearer s3cr3t-t0ken"})[1]
        job = call("submitJob", {"input": "evil.csv", "output": "o.csv"})["result"]["jobId"]
        while call("getStatus", {"jobId": job})["result"]["state"] not in ("failed", "succeeded"):
            time.sleep(0.02)
        post(server, message("getStatus", {"jobId": "x\n2026-01-01T00:00:00+0000 error tally: FORGED \x1b[31m"}), {"Authorization": "Bearer wr0ng-t0ken"})
        raw(server, b"GET /x%0aFORGED%1b HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer wr0ng-t0ken\r\n\r\n")
        with open(server.log, "rb") as file:
            log = file.read()
        checks.expect(b"\x1b" not in log and b"\xc2\x9b" not in log, "an escape character in the log")
        checks.expect(b"FORGED" in log and not any(line.startswith(b"2026-01-01") for line in log.splitlines()), "a forged line in the log")
        checks.expect(b"s3cr3t-t0ken" not in log and b"wr0ng-t0ken" not in log, "a token in the log")
        status = call("getStatus", {"jobId": job})["result"]
        shown = subprocess.run([f"{checks.bin}/rpc-client", "--server", server.url, "status", job, "--json", "--token", "s3cr3t-t0ken"], capture_output=True).stdout
        checks.expect(status["state"] == "failed" and not any(b in shown for b in (b"\x1b", b"\xc2\x9b")), f"a control character in --json: {shown!r}")
    run = subprocess.run([f"{checks.bin}/rpc-server", "serve", "--store", "postgress://user:pa55word@host/db"], capture_output=True, timeout=30)
    checks.expect(run.returncode != 0 and b"pa55word" not in run.stderr + run.stdout, f"a password in an error: {run.stderr!r}")
    with checks.server() as server:
        for name in ("a\x85b.csv", "a\x9bb.csv", "a\x07b.csv"):
            reply = post(server, message("submitJob", {"input": "plays.csv", "output": name}))[1]
            checks.expect("error" in reply and "control" in reply["error"]["message"], f"a name with a control character: {reply}")


def responses(checks):
    """What a caller has sent comes back cut; answers are counted while they are built."""
    with checks.server(files={"plays.csv": b"Song,Date,Number of Plays\na,2020-01-01,1\n"}) as server:
        long = "9" * 900_000
        body = b'{"jsonrpc":"2.0","id":1,"method":"submitJob","params":{"input":"plays.csv","output":"n.csv","where":{"column":"Number of Plays","op":"=","value":%s}}}' % long.encode()
        reply = post(server, body)[1]
        checks.expect(len(json.dumps(reply)) < 10_000, f"a long number comes back: {len(json.dumps(reply))} bytes")
        for method, parameters in (("x" * 500_000, {}), ("getStatus", {"jobId": "x" * 500_000}), ("getStatus", {"y" * 500_000: 1}), ("listJobs", {"states": ["z" * 500_000]}), ("submitJob", {"input": "plays.csv", "output": "o" * 500_000})):
            reply = post(server, message(method, parameters))[1]
            checks.expect("error" in reply and len(json.dumps(reply)) < 10_000, f"{method[:20]}: {len(json.dumps(reply))} bytes come back")
        reply = post(server, message("submitJob", {"input": "plays.csv", "output": "w.csv", "where": {"or": [{"column": "Song", "op": "=", "value": "v" * 800} for _ in range(1_000)]}}))[1]
        job = reply["result"]["jobId"] if "result" in reply else None
        if job:
            ended(server, job)
        for number in range(300):
            post(server, message("submitJob", {"input": "plays.csv", "output": f"later-{number}-{'n' * 200}.csv", "startAt": "2999-01-01T00:00:00Z", "where": {"column": "Song", "op": "=", "value": "w" * 2_000}}))
        pages, token, found = 0, None, 0
        while True:
            page = server.call("listJobs", pageSize=1_000, **({"pageToken": token} if token else {}))
            pages, found, token = pages + 1, found + len(page["jobs"]), page.get("nextPageToken")
            if not token:
                break
        checks.expect(found >= 300, f"the list is whole: {found} jobs in {pages} pages")
        before = server.memory_mebibytes()
        status, reply = post(server, json.dumps([{"jsonrpc": "2.0", "id": number, "method": "listJobs", "params": {"pageSize": 1_000}} for number in range(100)]).encode())
        peak = server.peak_mebibytes()
        checks.figure("a batch of 100 listJobs of 300 jobs", f"peak {peak:.0f} MiB, {before:.0f} before")
        checks.expect(peak < before + 250, f"a batch of listJobs took {peak - before:.0f} MiB")
        checks.expect(status == 200 and isinstance(reply, list) and len(reply) == 100, f"the batch was answered: {status}")


def all(checks):
    marks(checks)
    logs(checks)
    responses(checks)
