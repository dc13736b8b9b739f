#!/usr/bin/env python3
"""Makes deliberate faults in the sources, one at a time (`faults.json`), and runs the tests that should notice: a fault that no
test notices is a test that is missing.

Works in the tree that it stands in, which must have no uncommitted changes, and leaves it as it was.

Usage: run.py [--only TEXT]... [--scratch FOLDER]
Ends with 1 when a fault isn't noticed, or doesn't build.
"""
import argparse
import json
import os
import re
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# A fault may well make a test wait for ever.
SECONDS_MOST = 900

arguments = argparse.ArgumentParser()
arguments.add_argument("--only", action="append", default=[], metavar="TEXT", help="only faults whose names have one of these in them")
arguments.add_argument("--scratch", help="where to build")
arguments = arguments.parse_args()
SCRATCH = ["--scratch-path", arguments.scratch] if arguments.scratch else []


def run(*words, seconds=None):
    """The exit code and the output; the code is None when the time is over."""
    process = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", start_new_session=True)
    try:
        output, _ = process.communicate(timeout=seconds)
        return process.returncode, output
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        return None, process.communicate()[0]


def build():
    return run("swift", "build", "--build-tests", *SCRATCH)


def test(name):
    return run("swift", "test", "--skip-build", *SCRATCH, "--filter", name, seconds=SECONDS_MOST)


def outcome(fault):
    """What became of a fault: 'noticed …', 'MISSED', or 'NOT BUILT'."""
    path = os.path.join(ROOT, fault["file"])
    with open(path) as file:
        text = file.read()
    if text.count(fault["old"]) != 1:
        return f"NOT BUILT: its place is there {text.count(fault['old'])} times"
    try:
        with open(path, "w") as file:
            file.write(text.replace(fault["old"], fault["new"]))
        code, output = build()
        if code != 0:
            return "NOT BUILT: " + next((line for line in output.splitlines() if "error:" in line), output[-300:])
        code, output = test(fault["tests"])
    finally:
        with open(path, "w") as file:
            file.write(text)
    if code is None:
        return f"noticed: no end after {SECONDS_MOST} seconds"
    if code == 0:
        return "MISSED"
    failed = re.findall(r"✘ Test (\w+)", output)
    return f"noticed by {failed[0] if failed else 'a crash'}"


def main():
    code, changes = run("git", "status", "--porcelain", "--untracked-files=no")
    if code != 0 or changes.strip():
        raise SystemExit("mutations: the tree has uncommitted changes; commit them, or run ./run mutate, which works in a copy")
    with open(os.path.join(ROOT, "Tests", "mutations", "faults.json")) as file:
        faults = [fault for fault in json.load(file) if not arguments.only or any(text in fault["name"] for text in arguments.only)]
    if not faults:
        raise SystemExit("mutations: there is no such fault")
    code, output = build()
    if code != 0:
        raise SystemExit(f"mutations: without any fault, the tests don't build: {output[-2000:]}")
    for name in sorted({fault["tests"] for fault in faults}):
        if test(name)[0] != 0:
            raise SystemExit(f"mutations: without any fault, {name} fails")
    wrong = 0
    for fault in faults:
        begun = time.time()
        found = outcome(fault)
        wrong += not found.startswith("noticed")
        print(f"{fault['name']:55} {found} ({time.time() - begun:.0f} s)", flush=True)
    print(f"{len(faults) - wrong} of {len(faults)} faults were noticed")
    sys.exit(1 if wrong else 0)


main()
