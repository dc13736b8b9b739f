#!/usr/bin/env python3
"""Uploads in pieces by clients that nobody here wrote (tuspy, aiotus) and by our own, through a proxy that cuts every few seconds, to two servers
on one shared folder and one PostgreSQL; and by a small client of our own, to a server that is killed at random and at named
points. In the end the digests are right, and no acknowledged byte was taken back.

Usage: run.py [--bytes 200000000] [--cut 0.2] [--kills 10] [--bin .build/release] [--seed N]
Needs from PyPI: tuspy aiotus; from Debian: postgresql.
"""
import argparse
import asyncio
import hashlib
import http.client
import json
import logging
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.path[:0] = [os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", folder) for folder in ("peers", "chaos")]
from cluster import Cluster
from cutter import Cutter
from journal import Journal
from server import Server

arguments = argparse.ArgumentParser()
arguments.add_argument("--bytes", type=int, default=200_000_000)
arguments.add_argument("--cut", type=float, default=0.2)
arguments.add_argument("--kills", type=int, default=10)
arguments.add_argument("--bin", default=".build/release")
arguments.add_argument("--seed", type=int, default=random.randrange(1 << 32))
arguments = arguments.parse_args()
print(f"seed {arguments.seed}")
chance = random.Random(arguments.seed)
logging.getLogger("aiotus").setLevel(logging.CRITICAL)


def fail(what):
    print(f"uploads: {what}")
    sys.exit(1)


def make_file(path, count):
    """Bytes of which no piece is like another."""
    digest = hashlib.sha256()
    with open(path, "wb") as file:
        while count:
            piece = chance.randbytes(min(count, 1 << 20))
            file.write(piece)
            digest.update(piece)
            count -= len(piece)
    return digest.hexdigest()


def by_tuspy(url, path):
    from tusclient.client import TusClient

    uploader = TusClient(url + "/uploads").uploader(path, chunk_size=8 << 20, retries=1_000, retry_delay=0.05)
    uploader.upload()
    return uploader.url.rsplit("/", 1)[1]


def by_aiotus(url, path):
    import aiotus

    async def upload():
        configuration = aiotus.RetryConfiguration(retry_attempts=1_000, max_retry_period_seconds=0.2)
        with open(path, "rb") as file:
            return await aiotus.upload(url + "/uploads/", file, {"filename": b"x.bin"}, config=configuration)

    location = asyncio.run(upload())
    return str(location).rsplit("/", 1)[1] if location else fail("aiotus gave up")


def by_rpc_client(url, path):
    client = [f"{arguments.bin}/rpc-client", "--server", url, "--quiet"]
    job = subprocess.run([*client, "submit", path], capture_output=True, text=True)
    if job.returncode:
        fail(f"rpc-client submit exited with {job.returncode}: {job.stderr}")
    # The proxy cuts this call as well.
    while True:
        status = subprocess.run([*client, "--json", "status", job.stdout.strip()], capture_output=True, text=True)
        if status.returncode == 0:
            return json.loads(status.stdout)["input"].removeprefix("upload:")


def looks(ports, stop):
    """Somebody who asks for the state of all uploads again and again, which disturbs nobody."""
    while not stop.is_set():
        for upload in list(known):
            for port in ports:
                try:
                    ask(port, "HEAD", "/uploads/" + upload)
                except OSError:
                    pass
        time.sleep(0.02)


known = set()


def ask(port, method, path, body=b"", timeout=60, **fields):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, path, body, {"Tus-Resumable": "1.0.0", **{name.replace("_", "-"): value for name, value in fields.items()}})
        answer = connection.getresponse()
        answer.read()
        return answer
    finally:
        connection.close()


def clients(place):
    """Every client, to two servers, through the proxy."""
    database = Cluster(os.path.join(place, "fleet"), fsync=False)
    try:
        shared = os.path.join(place, "shared")
        servers = [Server(arguments.bin, os.path.join(place, name), "--store", database.url()) for name in ("one", "two")]
        for server in servers:
            server.data = shared
            server.start()
        journal = Journal(shared, cluster=database)
        path = os.path.join(place, "big.bin")
        expected = make_file(path, arguments.bytes)
        for name, upload in [("tuspy", by_tuspy), ("aiotus", by_aiotus), ("rpc-client", by_rpc_client)]:
            proxy = Cutter([server.port for server in servers], arguments.cut, chance)
            stop = threading.Event()
            looker = threading.Thread(target=looks, args=([server.port for server in servers], stop))
            looker.start()
            start = time.time()
            known.clear()
            watcher = threading.Thread(target=watch, args=(journal, stop))
            watcher.start()
            try:
                done = upload(proxy.url, path)
            finally:
                stop.set()
                looker.join()
                watcher.join()
            found, count = journal.digest(done)
            proxy.close()
            if (found, count) != (expected, arguments.bytes):
                fail(f"{name}: {count} bytes of {arguments.bytes} came, with another digest")
            pieces = len(journal.segments(done))
            print(f"uploads: {name} sent {count} bytes in {time.time() - start:.1f} s through {proxy.cuts} cuts, in {pieces} segments; "
                  f"{proxy.passed / count:.2f} times as many bytes went through the proxy")
            if arguments.cut and not proxy.cuts:
                fail(f"{name}: nothing was cut")
        for server in servers:
            server.stop()
    finally:
        database.close()


def watch(journal, stop):
    """Finds the uploads that there are."""
    while not stop.is_set():
        known.update(row[0] for row in journal.rows("SELECT id FROM {t}uploads"))
        time.sleep(0.1)


POINTS = ["uploadMade", "segmentBegun", "segmentSynced", "segmentJournaled"]


def kills(place):
    """One upload at a time, to a server that is killed in the middle."""
    with Server(arguments.bin, os.path.join(place, "killed")) as server:
        journal = Journal(server.data, sqlite=os.path.join(server.state, "tally.sqlite"))
        again = 0
        for kill in range(arguments.kills):
            content = chance.randbytes(chance.randrange(1, 6_000_000))
            point = chance.choice([None, *POINTS])
            server.stop()
            if point:
                os.environ["TALLY_FAILPOINTS"] = f"{point}=kill@{chance.randrange(1, 4) if point != 'uploadMade' else 1}"
            server.start()
            os.environ.pop("TALLY_FAILPOINTS", None)
            killer = None
            if not point:
                killer = threading.Timer(chance.uniform(0, 0.4), lambda: server.process.send_signal(signal.SIGKILL))
                killer.start()
            done, resumed = send(server, content)
            again += resumed
            if killer:
                killer.join()
                try:
                    server.process.wait(1)
                    server.start()
                except subprocess.TimeoutExpired:
                    pass  # It was killed in the middle, and started again.
            head = ask(server.port, "HEAD", "/uploads/" + done)
            if head.status != 200 or int(head.headers["Upload-Offset"]) != len(content):
                fail(f"kill {kill} ({point}): the upload is at {head.headers['Upload-Offset']} of {len(content)}")
            found, count = journal.digest(done)
            if (found, count) != (hashlib.sha256(content).hexdigest(), len(content)):
                fail(f"kill {kill} ({point}): the digest isn't right")
        print(f"uploads: {arguments.kills} uploads to a server that was killed in the middle are whole; {again} were gone on with")
        if not again:
            fail("no kill met an upload")


def send(server, content):
    """Sends it in pieces of any size, some with a checksum; goes on after a kill. No acknowledged byte is taken back."""
    path, acknowledged, resumed = None, 0, 0
    deadline = time.time() + 60
    while time.time() < deadline:
        try:
            if path is None:
                path = "/" + ask(server.port, "POST", "/uploads", Upload_Length=str(len(content))).headers["Location"]
            head = ask(server.port, "HEAD", path)
            offset = int(head.headers["Upload-Offset"])
            if offset < acknowledged:
                fail(f"{acknowledged} bytes were acknowledged, and {offset} are there")
            if offset == len(content):
                return path.rsplit("/", 1)[1], resumed
            piece = content[offset:offset + chance.randrange(1, 3_000_000)]
            answer = ask(server.port, "PATCH", path, piece, Upload_Offset=str(offset), Content_Type="application/offset+octet-stream")
            if answer.status != 204:
                fail(f"a PATCH was answered with {answer.status}")
            acknowledged = int(answer.headers["Upload-Offset"])
        except (OSError, http.client.HTTPException):
            if server.process.poll() is None:
                time.sleep(0.01)
                continue
            server.process.wait()
            server.start()
            resumed += 1
    fail("an upload took more than a minute")


with tempfile.TemporaryDirectory() as place:
    clients(place)
    kills(place)
