#!/usr/bin/env python3
"""Durable submissions a second by 64 clients, on both stores, beside what they stand on: the bare HTTP server, raw inserts
of the same rows by SQLite and PostgreSQL, and Celery with Redis. All in turn in one run; medians. Unary calls, an output
of its own for each job, no workers, no limit of unfinished jobs.

Usage: submits.py [--seconds 5] [--runs 3] [--connections 64] [--bin .build/release]
Needs: Debian's wrk, postgresql, redis-server; pip install celery redis packaging
"""
import argparse
import os
import re
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "Tests", "chaos"))
sys.path.insert(0, os.path.join(ROOT, "Tests", "peers"))
from cluster import Cluster
from server import Server

arguments = argparse.ArgumentParser()
arguments.add_argument("--seconds", type=int, default=5)
arguments.add_argument("--runs", type=int, default=3)
arguments.add_argument("--connections", type=int, default=64)
arguments.add_argument("--bin", default=".build/release")
arguments = arguments.parse_args()

SCRIPT = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
local number, answered, refused = 0, 0, 0
function init(args) prefix = args[1] end
function request()
  number = number + 1
  return wrk.format(nil, "/rpc", nil, '{"jsonrpc":"2.0","id":' .. number .. ',"method":"submitJob","params":{"input":"plays.csv","output":"' .. prefix .. '-' .. number .. '.csv"}}')
end
function response(status, headers, body)
  if status ~= 200 or not body:find('"result"', 1, true) then print("refused: " .. body); wrk.thread:stop() end
end
"""

CELERY = """
from celery import Celery
app = Celery("peer", broker="redis://127.0.0.1:6390/0")
@app.task(ignore_result=True)
def job(source, target):
    pass
"""

PRODUCER = """
import concurrent.futures, sys, time
from peer import job
seconds, clients = float(sys.argv[1]), int(sys.argv[2])
job.delay("plays.csv", "first.csv")
begun = time.time()
def submit(number):
    count = 0
    while time.time() < begun + seconds:
        job.delay("plays.csv", f"{number}-{count}.csv")
        count += 1
    return count
with concurrent.futures.ThreadPoolExecutor(clients) as pool:
    count = sum(pool.map(submit, range(clients)))
print(count / (time.time() - begun))
"""


def wrk(url, script=None, *words):
    with_script = ["-s", script, url, "--", *words] if script else [url]
    done = subprocess.run(["wrk", "-t1", f"-c{arguments.connections}", f"-d{arguments.seconds}s", *with_script], capture_output=True, text=True, check=True)
    if "refused" in done.stdout or "Socket errors" in done.stdout:
        raise SystemExit(f"wrk: {done.stdout}")
    return float(re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)[1])


class Served:
    """A server without workers, whose job store is empty at first."""

    def __init__(self, place, name, store=()):
        self.server = Server(arguments.bin, os.path.join(place, name), "--workers", "0", "--limit", "unfinishedJobs=100000000", *store)
        shutil.copy(os.path.join(ROOT, "Examples", "plays.csv"), self.server.data)
        self.script, self.turn = os.path.join(place, "submit.lua"), 0
        with open(self.script, "w") as file:
            file.write(SCRIPT)

    def submits(self):
        self.turn += 1
        return wrk(f"{self.server.url}/rpc", self.script, f"out-{self.turn}")

    def bare(self):
        return wrk(f"{self.server.url}/nothing")


def raw_sqlite(source, place, at_once):
    """The rows that the server has written, into empty tables of the same schema, so many in each transaction."""
    path = os.path.join(place, f"raw-{at_once}.sqlite")
    for suffix in ("", "-wal", "-shm"):
        if os.path.exists(path + suffix):
            os.unlink(path + suffix)
    rows = sqlite3.connect(f"file:{source}?mode=ro", uri=True)
    tables = {name: rows.execute(f"SELECT * FROM {name} ORDER BY rowid LIMIT 20000" if name == "jobs" else f"SELECT * FROM {name}").fetchmany(20_000) for name in ("jobs", "reservations")}
    copy = sqlite3.connect(path, isolation_level=None)
    copy.execute("PRAGMA journal_mode = WAL")
    copy.execute("PRAGMA synchronous = FULL")
    copy.execute("PRAGMA foreign_keys = OFF")
    for (text,) in rows.execute("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY type = 'trigger', type DESC"):
        copy.execute(text)
    inserts = {name: f"INSERT INTO {name} VALUES ({','.join('?' * len(found[0]))})" for name, found in tables.items()}
    count, begun = 0, time.perf_counter()
    while time.perf_counter() - begun < arguments.seconds and count + at_once <= len(tables["jobs"]):
        copy.execute("BEGIN IMMEDIATE")
        for name, found in tables.items():
            for row in found[count:count + at_once]:
                copy.execute(inserts[name], row)
        copy.execute("COMMIT")
        count += at_once
    took = time.perf_counter() - begun
    copy.close()
    return count / took


def raw_postgres(cluster, place):
    """pgbench, as many clients: the rows of a submission, a transaction for each."""
    script = os.path.join(place, "insert.sql")
    with open(script, "w") as file:
        file.write(r"""
\set a random(1, 9000000000000000000)
BEGIN;
INSERT INTO raw.jobs (id, owner, memory_bytes, created_at, state, claim_key, ready_at, epoch, attempts, rescues, sequence, cancel_requested, progress, publication)
  SELECT 'raw-' || :a, owner, memory_bytes, created_at, state, claim_key, ready_at, epoch, attempts, rescues, sequence, cancel_requested, progress, publication FROM raw.one_job;
INSERT INTO raw.payloads SELECT 'raw-' || :a, owner, idempotency_key, spec, input, 'raw-' || :a FROM raw.one_payload;
INSERT INTO raw.reservations VALUES ('raw-' || :a, 'raw-' || :a);
INSERT INTO raw.readings VALUES ('plays.csv', 'raw-' || :a);
COMMIT;
""")
    os.chmod(script, 0o644)
    text = cluster.run("pgbench", "-h", cluster.place, "-U", "tally", "-n", "-c", str(arguments.connections), "-j", "2", "-T", str(arguments.seconds), "-f", script, "postgres", as_postgres=False)
    return float(re.search(r"tps = ([\d.]+)", text)[1])


def prepare_raw_postgres(cluster, binaries, place):
    """Tables as the server makes them, and one submission's rows to copy."""
    with Server(binaries, os.path.join(place, "raw"), "--workers", "0", "--store", cluster.url("raw")):
        pass
    for table, one in (("jobs", "one_job"), ("payloads", "one_payload")):
        cluster.sql(f"CREATE TABLE raw.{one} AS SELECT * FROM tally.{table} LIMIT 1")


class Redis:
    def __init__(self, place):
        self.place = place
        with open(os.path.join(place, "peer.py"), "w") as file:
            file.write(CELERY)
        with open(os.path.join(place, "producer.py"), "w") as file:
            file.write(PRODUCER)
        self.process = subprocess.Popen(["redis-server", "--port", "6390", "--save", "", "--appendonly", "yes", "--appendfsync", "everysec", "--dir", place], stdout=subprocess.DEVNULL)
        time.sleep(1)

    def submits(self):
        done = subprocess.run([sys.executable, "producer.py", str(arguments.seconds), str(arguments.connections)], cwd=self.place, capture_output=True, text=True, check=True)
        return float(done.stdout)

    def tasks(self):
        """A worker of two processes takes what was submitted."""
        waiting = self.length()
        worker = subprocess.Popen([sys.executable, "-m", "celery", "-A", "peer", "worker", "-c", "2", "--without-gossip", "--without-mingle", "--without-heartbeat", "-l", "ERROR"], cwd=self.place, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ | {"C_FORCE_ROOT": "1"})
        while self.length() == waiting:
            time.sleep(0.05)
        begin, begun = self.length(), time.time()
        time.sleep(arguments.seconds)
        rate = (begin - self.length()) / (time.time() - begun)
        worker.terminate()
        worker.wait()
        return rate

    def length(self):
        return int(subprocess.run(["redis-cli", "-p", "6390", "llen", "celery"], capture_output=True, text=True, check=True).stdout)

    def close(self):
        self.process.terminate()
        self.process.wait()


def main(place):
    cluster = Cluster(place)
    embedded = Served(place, "embedded")
    fleet = Served(place, "fleet", ("--store", cluster.url()))
    redis = Redis(place)
    found = {}

    def note(name, value):
        found.setdefault(name, []).append(value)
        print(f"{name:44} {value:10,.0f}/s", flush=True)

    try:
        for _ in range(arguments.runs):
            with embedded.server:
                note("HTTP alone (404)", embedded.bare())
                note("submitJob, SQLite", embedded.submits())
            with fleet.server:
                note("submitJob, PostgreSQL", fleet.submits())
            source = os.path.join(embedded.server.state, "tally.sqlite")
            note("the same rows, SQLite, one a transaction", raw_sqlite(source, place, 1))
            note("the same rows, SQLite, 64 a transaction", raw_sqlite(source, place, 64))
            if "the same rows, PostgreSQL, pgbench" not in found:
                prepare_raw_postgres(cluster, arguments.bin, place)
            note("the same rows, PostgreSQL, pgbench", raw_postgres(cluster, place))
            note("Celery with Redis, delay()", redis.submits())
            note("Celery with Redis, tasks done", redis.tasks())
        print()
        for name, values in found.items():
            print(f"{name:44} median {statistics.median(values):10,.0f}/s   {min(values):,.0f} to {max(values):,.0f}")
    finally:
        redis.close()
        cluster.close()


with tempfile.TemporaryDirectory(prefix="tally-submits-") as place:
    os.chmod(place, 0o755)
    main(place)
