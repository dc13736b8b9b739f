#!/usr/bin/env python3
"""Processes of two versions beside each other, on one PostgreSQL database and one data folder: a fleet that is upgraded one process
at a time. Each starts on the tables that the other has made, each does the jobs of both, and what one doesn't know is left to
the other and shown as unreadable.

Usage: run.py --old FOLDER [--new .build/release]
Needs: Debian's postgresql
"""
import argparse
import json
import os
import shutil
import sys
import tempfile
import time
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "Tests", name) for name in ("peers", "chaos")]
from cluster import Cluster
from server import Server

PLAYS = "Song,Date,Number of Plays\nA,2020-01-01,1\nB,2020-01-02,2\nA,2020-01-01,3\n"
LONG_PATIENCE, SHORT_PATIENCE = 60, 3
UNREADABLE = "JOB_UNREADABLE"


class Fleet:
    def __init__(self, place, arguments):
        self.place, self.programs = place, {"old": arguments.old, "new": arguments.new}
        self.cluster = Cluster(os.path.join(place, "database"), fsync=False)
        self.data = os.path.join(place, "data")
        os.makedirs(self.data)
        with open(os.path.join(self.data, "plays.csv"), "w") as file:
            file.write(PLAYS)
        self.running = []

    def start(self, version, workers):
        place = tempfile.mkdtemp(dir=self.place)
        server = Server(self.programs[version], place, "--store", self.cluster.url(), "--workers", str(workers))
        server.data = self.data
        server.start()
        self.running.append(server)
        return server

    def stop(self, server):
        self.running.remove(server)
        server.stop()

    def close(self):
        for server in list(self.running):
            self.stop(server)
        self.cluster.close()


def check(what, holds, found=""):
    if not holds:
        raise SystemExit(f"versions: not so: {what} {found}")
    print(f"ok  {what}", flush=True)


def ended(server, job, patience=LONG_PATIENCE):
    """The job's status when it has ended, or after so many seconds."""
    last = time.monotonic() + patience
    while True:
        status = server.call("getStatus", jobId=job)
        if status["state"] in ("succeeded", "failed", "cancelled") or time.monotonic() > last:
            return status
        time.sleep(0.05)


def reason(status):
    return status.get("error", {}).get("reason")


def both_work(fleet):
    old = fleet.start("old", 1)
    first = old.call("submitJob", input="plays.csv", output="first.csv")["jobId"]
    check("the old version works on tables that it has made", ended(old, first)["state"] == "succeeded")
    new = fleet.start("new", 1)
    check("the new version reads what the old one has done", ended(new, first)["state"] == "succeeded")
    jobs = []
    for number in range(20):
        server = (old, new)[number % 2]
        jobs.append(server.call("submitJob", input="plays.csv", output=f"both-{number}.csv")["jobId"])
    check("both do the jobs of both", all(ended((new, old)[number % 2], job)["state"] == "succeeded" for number, job in enumerate(jobs)))
    fleet.stop(old)
    old = fleet.start("old", 1)
    again = old.call("submitJob", input="plays.csv", output="again.csv")["jobId"]
    check("the old version starts again on the new one's tables", ended(old, again)["state"] == "succeeded")
    return old, new


def a_record_of_a_later_version(fleet, old, new):
    job = new.call("submitJob", input="plays.csv", output="later.csv", startAt="2999-01-01T00:00:00Z")["jobId"]
    spec = json.dumps({"input": "plays.csv", "output": "later.csv", "pivot": {"on": "Song"}})
    fleet.cluster.sql(
        f"UPDATE tally.payloads SET spec = '{spec}' WHERE job_id = '{job}';"
        f"UPDATE tally.jobs SET needs = '[\"pivot\"]', state = 'queued', ready_at = 0, claim_key = 0 WHERE id = '{job}'")
    for name, server in (("old", old), ("new", new)):
        status = ended(server, job, SHORT_PATIENCE)
        check(f"the {name} version leaves a later one's job alone and says why", (status["state"], reason(status)) == ("queued", UNREADABLE), status)
        listed = {one["jobId"]: reason(one) for one in server.call("listJobs")["jobs"]}
        check(f"the {name} version lists it among the others", listed.get(job) == UNREADABLE and len(listed) > 20, listed)
    behind = old.call("submitJob", input="plays.csv", output="behind.csv")["jobId"]
    check("jobs behind it are done", ended(new, behind)["state"] == "succeeded")
    check("it can be cancelled", old.call("cancelJob", jobId=job)["state"] == "cancelled")
    new.call("deleteJob", jobId=job)
    check("and deleted", job not in [one["jobId"] for one in old.call("listJobs")["jobs"]])


def takes_no_output(server):
    """Whether a server knows jobs without an output."""
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "rpc.discover"}).encode()
    with urllib.request.urlopen(urllib.request.Request(server.url + "/rpc", body, {"Content-Type": "application/json"})) as answer:
        methods = {method["name"]: method for method in json.load(answer)["result"]["methods"]}
    return not next(one for one in methods["submitJob"]["params"] if one["name"] == "output").get("required", False)


def what_only_the_new_version_knows(fleet, old, new):
    if takes_no_output(old):
        print("--  both versions know jobs without an output: nothing to try")
        return
    fleet.stop(new)
    new = fleet.start("new", 0)
    job = new.call("submitJob", input="plays.csv")["jobId"]
    status = ended(old, job, SHORT_PATIENCE)
    check("the old version leaves a job without an output alone", (status["state"], reason(status)) == ("queued", UNREADABLE), status)
    worker = fleet.start("new", 1)
    check("a new worker does it", ended(new, job)["state"] == "succeeded")
    status = old.call("getStatus", jobId=job)
    check("the old version shows that", status["state"] == "succeeded" and reason(status) == UNREADABLE, status)
    fleet.stop(worker)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--old", required=True)
    parser.add_argument("--new", default=".build/release")
    arguments = parser.parse_args()
    place = tempfile.mkdtemp()
    fleet = Fleet(place, arguments)
    try:
        old, new = both_work(fleet)
        a_record_of_a_later_version(fleet, old, new)
        what_only_the_new_version_knows(fleet, old, new)
    finally:
        fleet.close()
        shutil.rmtree(place, ignore_errors=True)


if __name__ == "__main__":
    main()
