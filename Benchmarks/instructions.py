#!/usr/bin/env python3
"""Counts the instructions of ten key paths by callgrind, and compares them with `instructions.json` beside this file. Time on a
busy machine can't show a difference of 2 %; a count can.

Each path runs twice, with different amounts of work: the difference is what the work itself costs, without the start and the
end of the program. The start of a command is counted as it is.

Usage: instructions.py [--bin .build/release] [--only PATH]... [--update]
`--update` writes what was counted as the new reference. Ends with 1 when a path costs more than the reference allows.
Needs: valgrind, strip.
"""
import argparse
import contextlib
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
REFERENCE = os.path.join(HERE, "instructions.json")
# In percent. With another compiler or another processor's instructions, other counts are no fault of the source's.
GROWTH_MOST, GROWTH_MOST_ELSEWHERE = 2.0, 15.0
TRIES = 3
ROWS = 100_000
CALLS, STREAMS = 1_000, 50

arguments = argparse.ArgumentParser()
arguments.add_argument("--bin", default=".build/release")
arguments.add_argument("--only", action="append", default=[], metavar="PATH")
arguments.add_argument("--update", action="store_true")
arguments = arguments.parse_args()

# Without what debuggers read, which valgrind doesn't understand.
PROGRAMS = tempfile.TemporaryDirectory()


def program(name):
    copy = os.path.join(PROGRAMS.name, name)
    if not os.path.exists(copy):
        subprocess.run(["strip", "-o", copy, f"{arguments.bin}/{name}"], check=True)
    return copy


CALLGRIND = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", "--fair-sched=yes"]
# Swift's dictionaries are seeded at random otherwise.
ENVIRONMENT = {key: value for key, value in os.environ.items() if not key.startswith("TALLY_")} | {"SWIFT_DETERMINISTIC_HASHING": "1"}


def collected(text):
    found = re.search(r"Collected : (\d+)", text)
    if not found:
        raise SystemExit(f"instructions: callgrind has counted nothing; it said:\n{text[-2000:]}")
    return int(found[1])


def count(*words):
    """The instructions of a whole process, which must succeed."""
    done = subprocess.run([*CALLGRIND, *words], capture_output=True, text=True, env=ENVIRONMENT)
    if done.returncode != 0:
        raise SystemExit(f"instructions: {words[0]} has failed: {done.stderr[-2000:]}")
    return collected(done.stderr)


# --- The processor: instructions for each row ------------------------------------------------------------------------

PLAYS = {"aggregates": [{"function": "sum", "column": "Number of Plays"}]}
NOTHING = {"column": "Song", "op": "=", "value": "no such song"}
# What a job asks, and the shape of its file.
JOBS = {
    "parse": ("varied", {"groupBy": ["Song"], "where": NOTHING, **PLAYS}),
    "sum": ("plain", {"groupBy": [], **PLAYS}),
    "group few": ("one-key", {"groupBy": ["Song", "Date"], "aggregates": [{"function": "max", "column": "Number of Plays"}]}),
    "group many": ("distinct", {"groupBy": ["Song", "Date"], **PLAYS}),
    "coded": ("plain", {"groupBy": ["Date"], **PLAYS}),
    "sort": ("distinct", {"groupBy": ["Song"], **PLAYS, "orderBy": [{"column": "sum(Number of Plays)", "descending": True}]}),
}


def rows_path(name, place):
    shape, question = JOBS[name]
    spec = json.dumps({"input": "plays.csv", "output": "answer.csv", **question})
    counts = []
    for rows in (ROWS, 2 * ROWS):
        file, result = os.path.join(place, f"{shape}-{rows}.csv"), os.path.join(place, "result")
        if not os.path.exists(file):
            with open(file, "wb") as output:
                subprocess.run([f"{arguments.bin}/generate-plays", str(rows), "--shape", shape], stdout=output, check=True)
        counts.append(count(program("job-load"), file, result, spec))
        os.unlink(result)
    return (counts[1] - counts[0]) / ROWS


# --- The server: instructions for each call --------------------------------------------------------------------------


@contextlib.contextmanager
def counted_server(place):
    """A server under callgrind; `stop()` ends it and tells its instructions."""
    data, state = tempfile.mkdtemp(dir=place), tempfile.mkdtemp(dir=place)
    with open(os.path.join(data, "plays.csv"), "w") as file:
        file.write("Song,Date,Number of Plays\nA,2020-01-01,1\n")
    process = subprocess.Popen(
        [*CALLGRIND, program("rpc-server"), "serve", "--port", "0", "--data", data, "--state", state],
        stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, env=ENVIRONMENT)
    said = []
    for line in process.stderr:
        said.append(line)
        if found := re.search(r"listening on http://127\.0\.0\.1:(\d+)", line):
            break
    else:
        raise SystemExit(f"instructions: the server didn't start: {''.join(said)[-2000:]}")

    def stop():
        process.send_signal(signal.SIGTERM)
        rest = process.stderr.read()
        if process.wait() != 0:
            raise SystemExit(f"instructions: the server ended with {process.returncode}: {rest[-2000:]}")
        return collected(rest)

    try:
        yield Caller(int(found[1])), stop
    finally:
        process.kill()
        process.wait()


class Caller:
    """One connection that stays open: what is counted is calls."""

    def __init__(self, port):
        self.port = port
        self.connection = self.connect()

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port)

    def begin(self, connection, method, accept, **parameters):
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters})
        connection.request("POST", "/rpc", body, {"Content-Type": "application/json", "Accept": accept})
        return connection.getresponse()

    def call(self, method, **parameters):
        answer = json.loads(self.begin(self.connection, method, "application/json", **parameters).read())
        if "result" not in answer:
            raise SystemExit(f"instructions: {method} has failed: {answer}")
        return answer["result"]

    def submit(self, number):
        return self.call("submitJob", input="plays.csv", output=f"{number}.csv", startAt="2999-01-01T00:00:00Z")["jobId"]


def get_status(server, calls):
    job = server.submit("status")
    for _ in range(calls):
        server.call("getStatus", jobId=job)


def submit(server, calls):
    for number in range(calls):
        server.submit(number)


def stream_event(server, calls):
    """Of jobs with 50 streams each, which have a snapshot and then the result."""
    streams = [server.connect() for _ in range(STREAMS)]
    for number in range(calls // STREAMS):
        job = server.submit(number)
        answers = [server.begin(stream, "streamProgress", "application/x-ndjson", jobId=job) for stream in streams]
        snapshots = [answer.readline() for answer in answers]
        server.call("cancelJob", jobId=job)
        for answer, snapshot in zip(answers, snapshots):
            last = answer.read().splitlines()[-1]
            if b'"progress"' not in snapshot or b'"cancelled"' not in last:
                raise SystemExit(f"instructions: a stream had {snapshot} and {last}")


SERVED = {"getStatus": get_status, "submit": submit, "stream event": stream_event}


def calls_path(name, place):
    counts = []
    for calls in (CALLS, 2 * CALLS):
        with counted_server(place) as (server, stop):
            SERVED[name](server, calls)
            counts.append(stop())
    return (counts[1] - counts[0]) / CALLS


def command_path(name, place):
    """One run of `rpc-client status`, against a server that isn't counted."""
    with counted_server(place) as (server, _):
        job = server.submit("command")
        return count(program("rpc-client"), "--server", f"http://127.0.0.1:{server.port}", "status", job)


PATHS = dict.fromkeys(JOBS, rows_path) | dict.fromkeys(SERVED, calls_path) | {"start of a command": command_path}


def toolchain():
    """What the counts depend on beside the source."""
    swift = subprocess.run(["swift", "--version"], capture_output=True, text=True, check=True).stdout.splitlines()[0]
    with open("/proc/cpuinfo") as file:
        flags = set(re.search(r"^(?:flags|Features)\s*:(.*)$", file.read(), re.M)[1].split())
    libc = os.confstr("CS_GNU_LIBC_VERSION")
    return {"swift": swift, "libc": libc, "machine": os.uname().machine, "cpu": sorted(flags & {"avx2", "bmi2", "erms", "fsrm", "sse4_2"})}


def main():
    unknown = set(arguments.only) - set(PATHS)
    if unknown:
        raise SystemExit(f"instructions: there is no path {', '.join(unknown)}; the paths are {', '.join(PATHS)}")
    try:
        with open(REFERENCE) as file:
            reference = json.load(file)
    except FileNotFoundError:
        reference = {"counts": {}}
    here = toolchain()
    most = GROWTH_MOST
    if reference.get("toolchain") != here:
        most = GROWTH_MOST_ELSEWHERE
        print(f"instructions: the reference was counted with {reference.get('toolchain')}, this is {here}: {most:.0f} % more are allowed")
    counts, worse, new = {}, [], []
    with tempfile.TemporaryDirectory() as place:
        for name in arguments.only or PATHS:
            before = reference["counts"].get(name)
            # How a server's threads take turns is worth a percent: what is too much once must be so every time.
            for _ in range(1 if arguments.update or not before else TRIES):
                counts[name] = min(counts.get(name, sys.maxsize), round(PATHS[name](name, place)))
                change = 100 * (counts[name] / before - 1) if before else 0
                if change <= most:
                    break
            print(f"{name:20} {counts[name]:>12,} instructions  {change:+.2f} %" if before else f"{name:20} {counts[name]:>12,} instructions  new", flush=True)
            if not arguments.update and before is None:
                new.append(name)
            elif not arguments.update and change > most:
                worse.append(name)
    if arguments.update:
        reference = {"toolchain": here, "counts": reference["counts"] | counts}
        with open(REFERENCE, "w") as file:
            json.dump(reference, file, indent=2)
            file.write("\n")
    if new:
        raise SystemExit(f"instructions: there is no reference for {', '.join(new)}. Run `./run instructions --update`.")
    if worse:
        raise SystemExit(f"instructions: more than {most:.0f} % over the reference: {', '.join(worse)}. Find out why; if the work is worth it, run "
                         "`./run instructions --update` and say so in the commit.")


main()
