#!/usr/bin/env python3
"""What a kill can't show: a kill keeps the system's cache, so the order of the calls is looked at instead. A submission's
write-ahead log is synced before its answer goes out; a result's file is synced before its name is shown, and the folder
before anyone is told; an upload's bytes and their place in the journal are synced before their offset is told. And: a copy of the state folder, cut to what had been synced by then, still has the acknowledged job.

With --store postgres, the log is PostgreSQL's, whose processes are watched too; the copy is left out.

With --unsynced nothing is synced (the server runs on a library that drops every sync, PostgreSQL with fsync=off): the first three
checks must find it out.

Usage: trace.py [--store sqlite|postgres] [--unsynced] [--bin .build/release]
       needs Debian's strace, libeatmydata1 for --unsynced, postgresql for --store postgres
"""
import argparse
import glob
import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "peers"))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "chaos"))
from cluster import Cluster
from server import Server

arguments = argparse.ArgumentParser()
arguments.add_argument("--bin", default=".build/release")
arguments.add_argument("--unsynced", action="store_true")
arguments.add_argument("--store", choices=["sqlite", "postgres"], default="sqlite")
arguments = arguments.parse_args()


# Part of the path of the store's write-ahead log.
LOG = "tally.sqlite-wal" if arguments.store == "sqlite" else "/pg_wal/"


class Broken(Exception):
    """What is promised wasn't kept."""


def fail(what):
    raise Broken(what)


class Trace:
    """The calls of a process, in the order in which they returned: name, arguments, result."""

    CALLS = "fsync,fdatasync,rename,renameat,renameat2,linkat,unlinkat,write,writev,sendto,sendmsg,pwrite64,pwritev,openat,close"

    def __init__(self, processes, path):
        self.path = path
        watched = [word for process in processes for word in ("-p", str(process))]
        self.strace = subprocess.Popen(["strace", "-f", "-y", "-s", "4096", "-e", f"trace={self.CALLS}", "-o", path, *watched],
                                       stderr=subprocess.PIPE, text=True)
        for _ in processes:
            while "attached" not in self.strace.stderr.readline():
                pass
        time.sleep(0.3)

    def end(self):
        # An answer may be here before strace has written down that its call has returned.
        time.sleep(0.5)
        self.strace.send_signal(signal.SIGINT)
        self.strace.wait()
        calls, begun = [], {}
        for line in open(self.path, errors="replace"):
            pid, _, text = line.strip().partition(" ")
            text = text.strip()
            if text.endswith("<unfinished ...>"):
                begun[pid] = text[: -len("<unfinished ...>")]
                continue
            resumed = re.match(r"<\.\.\. \w+ resumed>(.*)", text)
            if resumed:
                text = begun.pop(pid, "") + resumed[1]
            found = re.match(r"(\w+)\((.*)\)\s+= (-?\d+)", text)
            if found:
                calls.append((found[1], found[2], int(found[3])))
        return calls


def first(calls, start, what, condition):
    for index in range(start, len(calls)):
        if condition(*calls[index]):
            return index
    fail(f"there is no {what} after call {start} of {len(calls)}")


def is_answer(job):
    return lambda name, text, result: name in ("write", "writev", "sendto", "sendmsg") and "HTTP/1.1 200" in text and job in text and result > 0


def file_of(text):
    """The file that a call's descriptor stands for: `30</data/out.csv>, …`."""
    found = re.match(r"\d+(<[^>]*>)", text)
    return found[1] if found else ""


def is_sync(part):
    return lambda name, text, result: name in ("fsync", "fdatasync") and part in file_of(text) and result == 0


def watched(server):
    """The server's process, and those of its database."""
    return [server.process.pid, *(database.processes() if database else [])]


def check_submission(server, place):
    trace = Trace(watched(server), os.path.join(place, "submit.trace"))
    job = server.call("submitJob", input="in.csv", output="later.csv", startAt="2100-01-01T00:00:00Z")["jobId"]
    calls = trace.end()
    answered = first(calls, 0, "answer to the submission", is_answer(job))
    if database:
        # PostgreSQL has other processes that write the log as well: what counts is what follows the question with the job.
        written = [first(calls, 0, "question to the database", lambda name, text, _: name.startswith("send") and job in text and "HTTP/1.1" not in text)]
    else:
        written = [index for index, (name, text, _) in enumerate(calls[:answered]) if name.startswith("pwrite") and LOG in file_of(text)]
    if not written:
        fail("nothing was written to the log before the answer")
    synced = [index for index in range(written[-1], answered) if is_sync(LOG)(*calls[index])]
    if not synced:
        fail("the log wasn't synced between its last write and the answer")
    return job


def check_result(server, place):
    trace = Trace(watched(server), os.path.join(place, "result.trace"))
    job = server.call("submitJob", input="in.csv", output="out.csv")["jobId"]
    status = server.call("streamProgress", jobId=job, waitMs=60_000)
    calls = trace.end()
    if not status["published"]:
        fail(f"the job wasn't published: {status}")
    results = f".tally/results/{job}"
    synced = first(calls, 0, "sync of the result's file", is_sync(results + "/"))
    writes = [index for index, (name, text, _) in enumerate(calls) if name.startswith("pwrite") and results + "/" in file_of(text)]
    if not writes or max(writes) > max(index for index, call in enumerate(calls) if is_sync(results + "/")(*call)):
        fail("the result was written to after its last sync")
    folder = first(calls, synced, "sync of the results' folder", lambda name, text, result: is_sync(results + ">")(name, text, result))
    shown = first(calls, folder, "rename over the visible name", lambda name, text, result: name.startswith("rename") and '"out.csv"' in text and result == 0)
    committed = [index for index in range(folder, shown) if is_sync(LOG)(*calls[index])]
    if not committed:
        fail("the commit wasn't synced between the result's sync and the rename")
    visible = first(calls, shown, "sync of the folder with the visible name", is_sync("/data>"))
    marked = first(calls, visible, "sync of the mark", is_sync(LOG))
    first(calls, marked, "final answer", lambda name, text, result: is_answer(job)(name, text, result) and 'published\\":true' in text)


def check_upload(server, place):
    """A PATCH's file, its name and the journal are synced, in this order, before the offset is acknowledged."""
    def ask(method, path, body=b"", **fields):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        connection.request(method, path, body, {"Tus-Resumable": "1.0.0", **{name.replace("_", "-"): value for name, value in fields.items()}})
        answer = connection.getresponse()
        answer.read()
        return answer

    path = "/" + ask("POST", "/uploads", Upload_Length="300000").headers["Location"]
    trace = Trace(watched(server), os.path.join(place, "upload.trace"))
    answer = ask("PATCH", path, b"x" * 200_000, Upload_Offset="0", Content_Type="application/offset+octet-stream")
    calls = trace.end()
    if answer.status != 204 or answer.headers["Upload-Offset"] != "200000":
        fail(f"the PATCH wasn't taken: {answer.status}")
    folder = f".tally{path}"
    answered = first(calls, 0, "answer to the PATCH", lambda name, text, result: name in ("write", "writev", "sendto", "sendmsg") and "HTTP/1.1 204" in text)
    written = [index for index, (name, text, _) in enumerate(calls) if name.startswith("pwrite") and folder + "/" in file_of(text)]
    if not written:
        fail("nothing was written to the segment's file")
    synced = first(calls, written[-1], "sync of the segment's file", is_sync(folder + "/"))
    named = first(calls, synced, "sync of the segment's folder", lambda name, text, result: is_sync(folder + ">")(name, text, result))
    if not [index for index in range(named, answered) if is_sync(LOG)(*calls[index])]:
        fail("the journal wasn't synced between the segment's sync and the answer")


def check_cut(server, place, job):
    """Everything after the last sync is lost: the log is cut to what had been synced. The job is there."""
    trace = Trace([server.process.pid], os.path.join(place, "cut.trace"))
    kept = server.call("submitJob", input="in.csv", output="kept.csv", startAt="2100-01-01T00:00:00Z")["jobId"]
    calls = trace.end()
    synced = max(index for index, call in enumerate(calls) if is_sync("tally.sqlite-wal")(*call))
    # The highest end of a write before that sync.
    end = 0
    for name, text, result in calls[:synced]:
        found = name == "pwrite64" and "tally.sqlite-wal" in file_of(text) and re.search(r", (\d+), (\d+)$", text)
        if found:
            end = max(end, int(found[1]) + int(found[2]))
    copy = os.path.join(place, "copy")
    os.makedirs(copy)
    for name in ["tally.sqlite", "tally.sqlite-wal"]:
        shutil.copy(os.path.join(server.state, name), copy)
    os.truncate(os.path.join(copy, "tally.sqlite-wal"), end)
    server.stop(signal.SIGKILL)
    server.state = copy
    server.start()
    for each in (job, kept):
        if server.call("getStatus", jobId=each)["state"] != "waiting":
            fail(f"{each} isn't there as it was")


def must_fail(what, check):
    try:
        check()
    except Broken as found:
        print(f"durability ({arguments.store}): without syncs, {what} fails as it must: {found}")
        return
    sys.exit(f"durability: {what} passes on a server that syncs nothing: this check can't fail")


def main(server, place):
    job = check_submission(server, place)
    check_result(server, place)
    check_upload(server, place)
    told = (f"durability ({arguments.store}): a submission is synced before its answer; a result, its folder and its commit before its "
            "name; the name before it is told; an upload's bytes, their file's name and the journal before the offset")
    if database:
        print(told)
        return
    check_cut(server, place, job)
    print(told + "; and what was acknowledged is in a copy that has lost everything after the last sync")


def run(place):
    options = ["--store", database.url()] if database else []
    with Server(arguments.bin, place, *options) as server:
        os.environ.pop("LD_PRELOAD", None)
        with open(os.path.join(server.data, "in.csv"), "w") as file:
            file.write("Song,Date,Number of Plays\nA,2020-01-01,1\n")
        try:
            if arguments.unsynced:
                must_fail("the submission's check", lambda: check_submission(server, place))
                must_fail("the result's check", lambda: check_result(server, place))
                must_fail("the upload's check", lambda: check_upload(server, place))
            else:
                main(server, place)
        except Broken as broken:
            sys.exit(f"durability: {broken}")


with tempfile.TemporaryDirectory() as place:
    database = Cluster(place, fsync=not arguments.unsynced) if arguments.store == "postgres" else None
    if arguments.unsynced:
        os.environ["LD_PRELOAD"] = glob.glob("/usr/lib/*/libeatmydata.so.1")[0]
    try:
        run(place)
    finally:
        if database:
            database.close()
