#!/usr/bin/env python3
"""Crashes, at random and at named points, and a check of the history: every acknowledged job ends exactly once, its answer
is the right one, the visible output is the newest, nothing partial is left, and a dead worker's job runs again in time.

Usage: campaign.py [--rounds 200] [--seed N] [--store sqlite|postgres] [--faults NAME,…] [--failpoints TIMES]
                   [--lease MILLISECONDS] [--noise SECONDS] [--bin .build/release]
"""
import argparse
import collections
import errno
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "peers"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import history
from cluster import Cluster
from fleet import CallFailed, Fleet, clock_library
from history import Wrong
from server import generate

parser = argparse.ArgumentParser()
parser.add_argument("--rounds", type=int, default=200)
parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
parser.add_argument("--store", choices=["sqlite", "postgres"], default="sqlite")
parser.add_argument("--faults", help="only these, comma-separated")
parser.add_argument("--failpoints", type=int, default=0, help="times that each named point is to kill and to stop, instead of rounds at random")
parser.add_argument("--lease", type=int, default=15_000)
parser.add_argument("--noise", type=float, default=0, help="seconds that a busy machine may add to a rescue")
parser.add_argument("--bin", default=".build/release")
arguments = parser.parse_args()
chance = random.Random(arguments.seed)

RUN_POINTS = ["claimed", "resultNamed", "resultWritten", "committed", "publishLocked", "publishChosen", "publishLinked",
              "publishRenamed", "publishUnlinked", "publishSynced", "publishMarked"]
DELETE_POINTS = ["deleteUnlinked", "deleteForgotten"]


class Disk:
    """The data folder's own small disk, where the machine lets one be mounted."""

    def __init__(self, path, mebibytes):
        self.path = path
        os.makedirs(path, exist_ok=True)
        self.is_mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m,mode=755", "tally-chaos", path], capture_output=True).returncode == 0

    def fill(self):
        with open(os.path.join(self.path, "filler"), "wb", buffering=0) as file:
            try:
                while file.write(b"\0" * (1 << 20)):
                    pass
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise

    def free(self):
        try:
            os.unlink(os.path.join(self.path, "filler"))
        except FileNotFoundError:
            pass

    def close(self):
        if self.is_mounted:
            for _ in range(20):
                if subprocess.run(["umount", self.path], capture_output=True).returncode == 0:
                    return
                time.sleep(0.2)


class Campaign:
    def __init__(self, place):
        self.place = place
        self.cluster = Cluster(place) if arguments.store == "postgres" else None
        self.disk = Disk(os.path.join(place, "data"), 1_500)
        self.fleet = Fleet(arguments.bin, place, self.cluster, options=["--limit", f"leaseMilliseconds={arguments.lease}"])
        self.expected = {}
        for name, rows, shape in [("small.csv", 2_000, ["--shape", "varied"]), ("middle.csv", 300_000, []), ("large.csv", 4_000_000, ["--shape", "varied"])]:
            path = os.path.join(self.fleet.data, name)
            generate(arguments.bin, rows, path, *shape)
            self.expected[name] = history.reference(path)
        self.fleet.start()
        self.logs, self.stale, self.faults, self.jobs = [], 0, collections.Counter(), 0
        self.forgotten = set()

    # --- What clients do ---

    def submit(self, number, output, name=None):
        """Until it is acknowledged, or refused because another job writes that output."""
        name = name or chance.choice(["small.csv", "middle.csv", "large.csv", "large.csv"])
        try:
            status = self.fleet.persist("submitJob", input=name, output=output, memoryBytes=64 << 20, idempotencyKey=f"{number}-{uuid.UUID(int=chance.getrandbits(128))}")
        except CallFailed as failure:
            if failure.reason == "OUTPUT_RESERVED":
                return None
            raise
        return status["jobId"], name, output

    def finish(self, jobs, attempts_most=0):
        """Waits for all of them and checks them."""
        end = time.time() + 90
        for job, _, _ in jobs:
            while True:
                status = self.fleet.persist("getStatus", jobId=job)
                if status["state"] in history.ENDS and (status["published"] or status["state"] != "succeeded"):
                    break
                if time.time() > end:
                    raise Wrong(f"stuck: {status}; log {history.events(self.fleet, job)}")
                time.sleep(0.02)
        by_output = collections.defaultdict(dict)
        for job, name, output in jobs:
            lines = history.check_job(self.fleet, job, self.expected[name], attempts_most)
            by_output[output][job] = lines
            self.logs.append(lines)
        for output, logs in by_output.items():
            history.check_visible(self.fleet, output, logs)
        self.jobs += len(jobs)

    def forget(self, jobs):
        for job, _, _ in jobs:
            try:
                self.fleet.persist("deleteJob", jobId=job)
            except CallFailed as failure:
                if failure.reason != "JOB_NOT_FOUND":
                    raise
            self.forgotten.add(job)

    # --- What goes wrong ---

    def choices(self):
        doers = self.fleet.doers
        some = {
            "kill": lambda: self.busy().kill(),
            "killAll": lambda: [node.kill() for node in self.fleet.nodes],
            "stopAndGo": self.stop_and_go,
            "failpoint": None,
        }
        if self.disk.is_mounted:
            some["fullDisk"] = self.full_disk
        else:
            some["sizeLimit"] = self.size_limit
        if self.cluster:
            some |= {"killServer": lambda: self.fleet.servers[0].kill(), "restartDatabase": self.restart_database,
                     "killBackends": lambda: [(self.cluster.kill_backends(), time.sleep(0.1)) for _ in range(3)]}
            if clock_library():
                some["wrongClock"] = self.wrong_clock
        return {name: fault for name, fault in some.items() if not arguments.faults or name in arguments.faults.split(",")}

    def busy(self):
        """One that runs a job at this moment, where one comes to light within a second; else any."""
        doers = self.fleet.doers
        if len(doers) == 1:
            return doers[0]
        end = time.time() + 1
        while time.time() < end:
            try:
                for job in self.fleet.call("listJobs", states=["running"], timeout=2)["jobs"]:
                    claims = [line for line in self.fleet.call("listEvents", jobId=job["jobId"], timeout=2)["events"] if line["action"] in ("claimed", "rescued")]
                    found = [node for node in doers if node.is_alive and claims and claims[-1]["actor"].split("/")[1] == str(node.pid)]
                    if found:
                        return found[0]
            except (OSError, CallFailed):
                pass
        return chance.choice(doers)

    def stop_and_go(self):
        node = self.busy()
        node.stop()
        time.sleep(arguments.lease / 1000 + 1.5)
        node.go_on()

    def full_disk(self):
        self.disk.fill()
        time.sleep(chance.uniform(0.1, 0.8))
        self.disk.free()

    def size_limit(self):
        node = chance.choice(self.fleet.doers)
        subprocess.run(["prlimit", f"--pid={node.pid}", "--fsize=65536:"], check=True)
        time.sleep(chance.uniform(0.1, 0.8))
        subprocess.run(["prlimit", f"--pid={node.pid}", "--fsize=unlimited:"], check=True)

    def restart_database(self):
        self.cluster.stop()
        time.sleep(chance.uniform(0, 1))
        self.cluster.start()

    def wrong_clock(self):
        """A worker of an hour before or after, for this round; the others are as they were."""
        node = chance.choice(self.fleet.workers)
        node.end()
        node.start(clock=chance.choice(["+1h", "-1h"]))

    # --- Rounds ---

    def round(self, number):
        faults = self.choices()
        name = chance.choice(list(faults))
        self.faults[name] += 1
        if name == "failpoint":
            return self.at_failpoint(number, chance.choice(RUN_POINTS + DELETE_POINTS), chance.choice(["kill", "stop"]))
        outputs = [f"out-{chance.randrange(6)}.csv" for _ in range(6)]
        moment = chance.uniform(0, 0.5)
        problems = []

        def strike():
            try:
                time.sleep(moment)
                faults[name]()
                # As a supervisor does: what has died is started again.
                self.fleet.heal()
            except BaseException as error:
                problems.append(error)

        strikes = threading.Thread(target=strike)
        strikes.start()
        jobs = []
        try:
            for output in outputs:
                job = self.submit(number, output)
                if job:
                    jobs.append(job)
                history.check_whole(self.fleet, output, set(self.expected.values()))
        finally:
            strikes.join()
        if problems:
            raise problems[0]
        self.finish(jobs, attempts_most=2 if name in ("fullDisk", "sizeLimit") else 0)
        if name == "stopAndGo":
            self.check_nothing_stale(jobs)
        if name == "wrongClock":
            for worker in self.fleet.workers:
                worker.end()
                worker.start()
        self.forget(jobs)

    def check_nothing_stale(self, jobs):
        """Who was stopped goes on now: whatever it writes must change nothing."""
        before = [self.fleet.persist("getStatus", jobId=job) for job, _, _ in jobs]
        time.sleep(1)
        after = [self.fleet.persist("getStatus", jobId=job) for job, _, _ in jobs]
        if before != after:
            self.stale += 1
            raise Wrong(f"a stale write: {before} became {after}")

    def at_failpoint(self, number, point, action):
        """One process comes to a named point and is killed or stopped there; what it left is finished by others."""
        node = self.fleet.servers[0] if point in DELETE_POINTS else self.fleet.doers[0]
        others = [other for other in self.fleet.doers if other is not node]
        output = f"point-{number % 3}.csv"
        jobs = []
        if point in DELETE_POINTS:
            jobs = [self.submit(number, output, "small.csv")]
            self.finish(jobs)
        else:
            for other in others:
                other.end()
        node.end()
        node.start(failpoints=f"{point}={action}")
        # By another thread: the process may come to the point before it has answered, and the answer comes from the next one.
        if point in DELETE_POINTS:
            caller = threading.Thread(target=lambda: self.quietly("deleteJob", jobId=jobs[0][0]))
        else:
            caller = threading.Thread(target=lambda: jobs.append(self.submit(number, output, "small.csv")))
        caller.start()
        end, look = time.time() + 30, time.time() + 2
        while node.is_alive and not node.is_stopped_now():
            if time.time() > end:
                raise Wrong(f"nobody came to {point}")
            # Any process shows what it finds to be shown: now and then the server is before the worker.
            if self.cluster and point not in DELETE_POINTS and time.time() > look and jobs:
                if self.fleet.persist("getStatus", jobId=jobs[-1][0])["published"]:
                    jobs.append(self.submit(number, output, "small.csv"))
                look = time.time() + 2
            time.sleep(0.005)
        history.check_whole(self.fleet, output, set(self.expected.values()))
        if action == "stop":
            # Past the lease, so that others take over, where there are others.
            for other in others:
                if not other.is_alive:
                    other.start()
            time.sleep(arguments.lease / 1000 + 1.5)
            node.go_on()
        else:
            node.bury()
        self.fleet.heal()
        caller.join()
        if not jobs:
            raise Wrong("the submission was never answered")
        if point in DELETE_POINTS:
            self.forget(jobs)
            if os.path.exists(os.path.join(self.fleet.data, output)):
                raise Wrong(f"{output} is still there")
        else:
            self.finish(jobs)
            self.check_nothing_stale(jobs)
            self.forget(jobs)

    def quietly(self, method, **parameters):
        try:
            self.fleet.call(method, timeout=60, **parameters)
        except (OSError, CallFailed):
            pass

    def run(self):
        if arguments.failpoints:
            points = [(point, action) for point in RUN_POINTS + DELETE_POINTS for action in ("kill", "stop")] * arguments.failpoints
            chance.shuffle(points)
            for number, (point, action) in enumerate(points):
                self.guard(number, lambda: self.at_failpoint(number, point, action), f"{point}={action}")
                self.faults[point] += 1
        else:
            for number in range(arguments.rounds):
                self.guard(number, lambda: self.round(number), "")
        self.fleet.end()
        self.fleet.start()
        time.sleep(2)
        history.check_folders(self.fleet, self.forgotten)

    def guard(self, number, body, what):
        try:
            body()
        except (Wrong, SystemExit) as wrong:
            print(f"chaos: seed {arguments.seed}, round {number} {what} ({dict(self.faults)}): {wrong}", file=sys.stderr)
            print(self.evidence(), file=sys.stderr)
            keep = os.path.join(".build", f"chaos-{arguments.store}-{arguments.seed}")
            shutil.rmtree(keep, ignore_errors=True)
            os.makedirs(keep)
            for name in os.listdir(self.place):
                if name.endswith(".log"):
                    shutil.copy(os.path.join(self.place, name), keep)
            print(f"chaos: the logs are in {keep}", file=sys.stderr)
            raise SystemExit(1)

    def evidence(self):
        """Who is alive, who holds which file's lock, and what the database does."""
        lines = [f"{node.name}: process {node.pid if node.process else '-'}{', stopped' if node.is_stopped_now() else ''}" for node in self.fleet.nodes]
        with open("/proc/locks") as locks:
            lines += locks.read().splitlines()
        if self.cluster:
            try:
                lines.append(self.cluster.sql("SELECT pid, state, wait_event_type, wait_event, clock_timestamp() - xact_start, left(query, 100) FROM pg_stat_activity WHERE backend_type = 'client backend'"))
            except SystemExit as failure:
                lines.append(str(failure))
        return "\n".join(lines)

    def report(self):
        found = history.recoveries(self.logs, self.fleet.nodes)
        times = f"recovery median {statistics.median(found):.2f} s, worst {max(found):.2f} s, of {len(found)} rescues" if found else "no rescue"
        print(f"chaos {arguments.store}: seed {arguments.seed}, {sum(self.faults.values())} rounds {dict(sorted(self.faults.items()))}, "
              f"{self.jobs} jobs: 0 lost, 0 wrong, 0 stuck, {self.stale} stale writes; {times}")
        # A job of a dead worker runs again within the lease and a second.
        if self.cluster and found and max(found) > arguments.lease / 1000 + 1 + arguments.noise:
            raise SystemExit(f"chaos: a job waited {max(found):.2f} s for its rescue")
        return 0

    def close(self):
        for node in self.fleet.nodes:
            node.kill()
        if self.cluster:
            self.cluster.close()
        self.disk.close()


place = tempfile.mkdtemp(prefix="tally-chaos-")
campaign = None
try:
    campaign = Campaign(place)
    campaign.run()
    campaign.report()
finally:
    if campaign:
        campaign.close()
    shutil.rmtree(place, ignore_errors=True)
