#!/usr/bin/env python3
"""rpc-client through a proxy that harms its first connection: cut, stalled, garbled or ended early at every byte position of a
short answer. Whatever happens, the client ends in time; events come in order with strictly increasing cursors and one final
response, or there is a clear error; what may not be repeated is sent once.

Usage: run.py [--step 1] [--bin .build/release]
"""
import argparse
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "Tests", "peers"))
from server import Server

arguments = argparse.ArgumentParser()
arguments.add_argument("--step", type=int, default=1, help="look at every so many positions")
arguments.add_argument("--bin", default=".build/release")
arguments = arguments.parse_args()

SECONDS_MOST = 12
# Of each command: a length that was garbled may promise bytes that never come, and then the deadline is the end.
TIMEOUT = "6s"


class Proxy:
    """Passes connections on. Of the first one's answer it passes so many bytes as they are, and then does its harm."""

    HARMS = ("cut", "reset", "stall", "garble", "delay")

    def __init__(self, port, harm, position):
        self.port, self.harm, self.position = port, harm, position
        self.requests, self.connections, self.is_closed = [], 0, False
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.threads = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            harm = self.harm if self.connections == 1 else None
            thread = threading.Thread(target=self.serve, args=(client, harm), daemon=True)
            thread.start()
            self.threads.append(thread)

    def serve(self, client, harm):
        with client, socket.create_connection(("127.0.0.1", self.port)) as server:
            client.settimeout(SECONDS_MOST)
            server.settimeout(SECONDS_MOST)
            asking = threading.Thread(target=self.ask, args=(client, server), daemon=True)
            asking.start()
            try:
                is_reset = self.answer(server, client, harm)
            except OSError:
                is_reset = False
            # The other thread lets go of the connection first: a reset is what closing it then sends.
            for side, way in ((client, socket.SHUT_RD if is_reset else socket.SHUT_RDWR), (server, socket.SHUT_RDWR)):
                try:
                    side.shutdown(way)
                except OSError:
                    pass
            asking.join()
            if is_reset:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def ask(self, client, server):
        text = b""
        try:
            while piece := client.recv(65_536):
                text += piece
                server.sendall(piece)
            # The client has gone: the server's connection needn't wait for it.
            server.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.requests.append(text)

    def answer(self, server, client, harm):
        """Whether the connection is to end with a reset."""
        left = self.position
        while piece := server.recv(65_536):
            if harm is None or left >= len(piece):
                client.sendall(piece)
                left -= len(piece)
                continue
            client.sendall(piece[:left])
            if harm in ("cut", "reset"):
                return harm == "reset"
            if harm == "stall":
                # Silent for a while, and then gone.
                time.sleep(0.4)
                return False
            if harm == "delay":
                time.sleep(0.02)
                client.sendall(piece[left:])
            if harm == "garble":
                client.sendall(bytes([piece[left] ^ 0x15]) + piece[left + 1:])
            harm = None
        return False

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def client(url, *words):
    try:
        return subprocess.run([f"{arguments.bin}/rpc-client", *words], env=os.environ | {"TALLY_SERVER": url, "TALLY_TIMEOUT": TIMEOUT}, capture_output=True, text=True, timeout=SECONDS_MOST)
    except subprocess.TimeoutExpired:
        return None


def answer_length(server, job):
    """Bytes of a stream's whole answer."""
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "streamProgress", "params": {"jobId": job}}).encode()
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(b"POST /rpc HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nAccept: text/event-stream\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        text = b""
        while piece := connection.recv(65_536):
            text += piece
    return len(text)


def watch(server, job, last, harm, position):
    """What is wrong, or None; and whether the client ended with an error that says what happened."""
    proxy = Proxy(server.port, harm, position)
    done = client(proxy.url, "watch", job, "--json")
    proxy.close()
    if done is None:
        return f"it hangs for {SECONDS_MOST} s", False
    if done.returncode == 0:
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        # A byte of a value that is another one can't be known: HTTP has no digest of it.
        is_right = lines and (lines[-1] == last or harm == "garble") and not any(line["state"] in ("succeeded", "failed", "cancelled") for line in lines[:-1])
        if not is_right:
            return f"it told {lines}", False
        return None, False
    error = json.loads(done.stdout.splitlines()[-1]).get("error", {}) if done.stdout.strip() else {}
    # Only what was garbled may be given up: everything else is a connection that broke.
    if harm != "garble" or done.returncode <= 64 or not error.get("message"):
        return f"it ended with {done.returncode}: {done.stdout} {done.stderr}", False
    return None, True


def download(server, job, answer, harm, position):
    """An answer that breaks off goes on where it stood."""
    proxy = Proxy(server.port, harm, position)
    done = client(proxy.url, "result", job)
    proxy.close()
    if done is None:
        return f"it hangs for {SECONDS_MOST} s"
    if done.returncode == 0:
        return None if done.stdout == answer or (harm == "garble" and len(done.stdout) == len(answer)) else f"it wrote {done.stdout!r}"
    return None if harm == "garble" and done.returncode > 64 else f"it ended with {done.returncode}: {done.stderr}"


def once(server, job, harm, position):
    """retryJob may not be sent twice, whatever becomes of its answer, and of the connection on which listJobs has found the job."""
    proxy = Proxy(server.port, harm, position)
    done = client(proxy.url, "retry", job[:30])
    proxy.close()
    for thread in proxy.threads:
        thread.join(5)
    sent = sum(text.count(b'"method":"retryJob"') for text in proxy.requests)
    if done is None:
        return f"it hangs for {SECONDS_MOST} s"
    # A garbled list may not have the job.
    return None if sent == 1 or (harm == "garble" and sent == 0) else f"it was sent {sent} times"


def keyed(server, harm, position, number):
    """A submission is sent again under its key: one job, whatever becomes of the first answer."""
    proxy = Proxy(server.port, harm, position)
    done = client(proxy.url, "submit", "plays.csv", "-o", f"keyed-{number}.csv", "--start-at", "2999-01-01T00:00:00Z")
    proxy.close()
    if done is None:
        return f"it hangs for {SECONDS_MOST} s"
    jobs = server.call("listJobs", output=f"keyed-{number}.csv")["jobs"]
    if len(jobs) != 1:
        return f"{len(jobs)} jobs were made"
    # Which letter of an ID was garbled on the way nobody can tell.
    if done.returncode == 0 and done.stdout.strip() != jobs[0]["jobId"] and not (harm == "garble" and len(done.stdout.rstrip("\n")) == len(jobs[0]["jobId"])):
        return f"it was told {done.stdout}"
    return None if done.returncode == 0 or harm == "garble" else f"it ended with {done.returncode}: {done.stderr}"


def main():
    count, problems, errors = 0, 0, 0

    def check(what, problem):
        nonlocal count, problems
        count += 1
        if problem:
            problems += 1
            print(f"proxy: {what}: {problem}", flush=True)

    with tempfile.TemporaryDirectory() as place, Server(arguments.bin, place) as server:
        shutil.copy(os.path.join(ROOT, "Examples", "plays.csv"), server.data)
        job = server.call("submitJob", input="plays.csv", output="sums.csv")["jobId"]
        last = server.call("streamProgress", jobId=job, waitMs=20_000)
        waiting = server.call("submitJob", input="plays.csv", output="waiting.csv", startAt="2999-01-01T00:00:00Z")["jobId"]
        length = answer_length(server, job)
        with open(os.path.join(server.data, "sums.csv")) as file:
            answer = file.read()
        # Before there are more jobs: the answer of listJobs comes first on the connection.
        for harm in Proxy.HARMS:
            for position in range(0, 2_000, arguments.step):
                check(f"retry, {harm} at {position}", once(server, waiting, harm, position))
        for harm in Proxy.HARMS:
            for position in range(0, length, arguments.step):
                problem, is_error = watch(server, job, last, harm, position)
                errors += is_error
                check(f"watch, {harm} at {position}", problem)
            # Of both answers on that connection: of getResult, and of the download.
            for position in range(0, 1_500, arguments.step):
                check(f"result, {harm} at {position}", download(server, job, answer, harm, position))
            for position in range(0, 600, max(1, arguments.step * 5)):
                check(f"submit, {harm} at {position}", keyed(server, harm, position, count))
    print(f"proxy: {count} runs through {len(Proxy.HARMS)} harms at the positions of an answer of {length} bytes: {problems} problems, {errors} clear errors where bytes were garbled")
    sys.exit(1 if problems else 0)


main()
