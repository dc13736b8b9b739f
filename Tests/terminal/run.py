#!/usr/bin/env python3
"""rpc-client as a person sees it: in a terminal (tmux) of 80 and of 40 columns, narrowed in the middle, with NO_COLOR, and in a
pipe; and what the shells complete. No line wraps, nothing that was drawn over stays, no colour but the terminal's own, no escape
code where there is no terminal.

Usage: run.py [--bin .build/release] [--rows 6000000] [--show]     --show prints the captures
Needs: Debian's tmux, fish, zsh
"""
import argparse
import itertools
import os
import re
import shlex
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "Tests", "peers"))
from server import Server

arguments = argparse.ArgumentParser()
arguments.add_argument("--bin", default=os.path.join(ROOT, ".build", "release"))
arguments.add_argument("--rows", type=int, default=6_000_000)
arguments.add_argument("--show", action="store_true")
arguments = arguments.parse_args()
BIN = os.path.abspath(arguments.bin)
# The colours of the terminal itself, which its owner has made legible on its background; no background, no black, no white.
COLOURS = {"0", "1", "2", "31", "32", "33", "34"}
problems, checks = [], 0


def check(condition, text):
    global checks
    checks += 1
    if not condition:
        problems.append(text)
        print("WRONG:", text, file=sys.stderr)


class Window:
    """A terminal with a shell in it."""

    numbers = itertools.count()

    def __init__(self, place, columns, environment):
        self.place, self.columns, self.socket = place, columns, os.path.join(place, f"tmux-{next(Window.numbers)}")
        self.raw, self.commands = self.socket + ".raw", 0
        variables = [word for name, value in environment.items() for word in ("-e", f"{name}={value}")]
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", str(columns), "-y", "40", *variables, f"env PS1='$ ' PATH={shlex.quote(environment['PATH'])} sh")
        self.tmux("set-option", "-g", "window-size", "manual")
        self.tmux("pipe-pane", f"cat >> {shlex.quote(self.raw)}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.tmux("kill-server")

    def tmux(self, *words):
        return subprocess.run(["tmux", "-S", self.socket, *words], capture_output=True, text=True, check=True).stdout

    def capture(self, *options):
        return [line.rstrip() for line in self.tmux("capture-pane", "-p", *options).rstrip().split("\n")]

    def look(self, what):
        """The lines on the screen; none of them may be a broken one."""
        lines = self.capture("-S", "-")
        check(lines == self.capture("-S", "-", "-J"), f"{what}, {self.columns} columns: a line wraps: {lines}")
        return lines

    def begin(self, command):
        # A number of its own: the end of the one before still stands there.
        self.commands += 1
        self.tmux("clear-history")
        # Not from the first row on: what is cleared from there tmux puts into its history.
        self.tmux("send-keys", "-l", f"clear; echo; {command}; echo END{self.commands}-$?")
        self.tmux("send-keys", "Enter")

    def has_ended(self):
        return any(re.fullmatch(rf"END{self.commands}-\d+", line) for line in self.capture())

    def run(self, command, expected=0):
        self.begin(command)
        end = time.time() + 60
        while not self.has_ended():
            if time.time() > end:
                raise SystemExit(f"terminal: '{command}' doesn't end: {self.capture()}")
            time.sleep(0.05)
        lines = [line for line in self.look(command) if line and line != "$"]
        check(lines[-1] == f"END{self.commands}-{expected}", f"{command}: {lines}")
        return lines[:-1]


def progress(window, command, narrowed=None):
    """Runs a job and looks on."""
    window.begin(command)
    seen, end, is_narrow = [], time.time() + 120, False
    while not window.has_ended():
        if time.time() > end:
            raise SystemExit(f"terminal: the job doesn't end: {window.capture()}")
        lines = window.capture()
        drawn = [line for line in lines if "rows/s" in line or "%" in line]
        check(len(drawn) <= 1, f"{window.columns} columns: drawn twice: {lines}")
        if drawn:
            seen.append(drawn[0])
            if narrowed and not is_narrow and len(seen) > 2:
                window.tmux("resize-window", "-x", str(narrowed))
                window.columns, is_narrow = narrowed, True
                time.sleep(0.3)
        time.sleep(0.02)
    lines = window.look("run")
    check(not any("rows/s" in line for line in lines), f"{window.columns} columns: a drawn line stays: {lines}")
    check(len(set(seen)) > 3, f"{window.columns} columns: the progress was seen to move: {seen}")
    check(any("succeeded" in line for line in lines), f"the outcome is told: {lines}")
    return seen, lines


def several(place, environment):
    """Watches five jobs that wait; Ctrl-C leaves them, and what it says stays."""
    variables = os.environ | environment
    jobs = [subprocess.run([f"{BIN}/rpc-client", "submit", "plays.csv", "-o", f"w-{number}.csv", "--start-at", "2999-01-01T00:00:00Z"], capture_output=True, text=True, env=variables, check=True).stdout.strip() for number in range(5)]
    with Window(place, 80, environment) as window:
        window.begin("rpc-client watch " + " ".join(jobs))
        end = time.time() + 20
        while sum("waiting" in line for line in window.capture()) < 5 and time.time() < end:
            time.sleep(0.1)
        time.sleep(1.5)
        lines = [line for line in window.look("watch of five jobs") if line]
        check(sum(f"w-{number}.csv  waiting" in line for number in range(5) for line in lines) == 5, f"each job once: {lines}")
        window.tmux("send-keys", "C-c")
        end = time.time() + 20
        while not window.has_ended() and time.time() < end:
            time.sleep(0.1)
        lines = window.look("watch of five jobs, interrupted")
        text = " ".join(lines)
        check(f"END{window.commands}-130" in text, f"it ends with 130: {lines}")
        check("Come back with" in text and "Ctrl-C again" not in text and all(job in text for job in jobs), f"the hint stays: {lines}")
        check("waiting" not in text, f"what was drawn is gone: {lines}")
    for job in jobs:
        subprocess.run([f"{BIN}/rpc-client", "cancel", job], capture_output=True, env=variables, check=True)


def colours(window):
    with open(window.raw, "rb") as file:
        raw = file.read().decode(errors="replace")
    return {code for codes in re.findall(r"\x1b\[([0-9;]*)m", raw) for code in (codes or "0").split(";")}


def shells(place, environment, job):
    """What Tab does: it completes a job's ID, an input's name, a command's."""
    for shell in ("bash", "zsh", "fish"):
        script = os.path.join(place, "completion." + shell)
        with open(script, "w") as file:
            subprocess.run([f"{BIN}/rpc-client", "completion", shell], stdout=file, check=True)
        check(subprocess.run([shell, "-n", script]).returncode == 0, f"{shell} reads its script")
    starts = {
        "bash": "bash --noprofile --norc", "fish": "fish --no-config", "zsh": "zsh -f",
    }
    loads = {
        "bash": f"source {place}/completion.bash", "fish": f"source {place}/completion.fish",
        "zsh": f"fpath=({place}/zsh $fpath); autoload -U compinit; compinit -u -D",
    }
    os.makedirs(os.path.join(place, "zsh"))
    os.rename(os.path.join(place, "completion.zsh"), os.path.join(place, "zsh", "_rpc-client"))
    for shell, start in starts.items():
        with Window(place, 100, environment) as window:
            for line in (start, loads[shell]):
                window.tmux("send-keys", "-l", line)
                window.tmux("send-keys", "Enter")
                time.sleep(1)
            for typed, wanted in ((f"rpc-client status {job[:-2]}", job), ("rpc-client describe pl", "plays.csv"), ("rpc-client doc", "doctor")):
                window.tmux("send-keys", "C-u", "C-l")
                time.sleep(0.3)
                window.tmux("send-keys", "-l", typed)
                window.tmux("send-keys", "Tab")
                end = time.time() + 10
                while not any(f" {wanted}" in line for line in window.capture()) and time.time() < end:
                    time.sleep(0.1)
                check(time.time() < end, f"{shell} completes '{typed}': {window.capture()}")


def main():
    with tempfile.TemporaryDirectory() as place:
        data = os.path.join(place, "data")
        os.makedirs(data)
        for name, rows in (("plays.csv", 1_000), ("big.csv", arguments.rows), ("日本の再生回数.csv", 10)):
            with open(os.path.join(data, name), "wb") as file:
                subprocess.run([f"{BIN}/generate-plays", str(rows)], stdout=file, check=True)
        with Server(BIN, place) as server:
            environment = {"TALLY_SERVER": server.url, "PATH": BIN + ":/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": place}
            look(place, environment)
    if problems:
        raise SystemExit(f"terminal: {len(problems)} of {checks} checks failed")
    print(f"terminal: {checks} checks: 80 and 40 columns, narrowed, NO_COLOR, piped, three shells")


def look(place, environment):
    client = [f"{BIN}/rpc-client"]
    variables = os.environ | environment
    # Enough memory wouldn't leave time to look on; 64 MiB makes it spill.
    big = "rpc-client run big.csv -o {} --memory 64MiB --group-by Song,Date --sum 'Number of Plays' --order-by 'sum(Number of Plays)'"
    for columns in (80, 40):
        with Window(place, columns, environment) as window:
            seen, lines = progress(window, big.format(f"big-{columns}.csv"))
            if arguments.show:
                print(f"--- {columns} columns", *seen[:: max(1, len(seen) // 6)], *lines, sep="\n")
            for command, expected in (
                ("rpc-client run plays.csv -o 日本の再生回数の合計.csv", 0), ("rpc-client list", 0), ("rpc-client inputs", 0), ("rpc-client describe plays.csv", 0),
                ("rpc-client stats", 0), ("rpc-client doctor", 0), ("rpc-client status 0", 64), ("rpc-client status 0000", 69), ("rpc-client run none.csv -o x.csv", 69),
                ("rpc-client run plays.csv -o failed.csv --group-by None", 1), ("rpc-client call getStats", 76), ("rpc-client list --help", 0),
            ):
                lines = window.run(command, expected)
                if arguments.show:
                    print(f"--- {columns} columns: {command}", *lines, sep="\n")
            job = subprocess.run([*client, "list", "-n", "1", "--no-headers", "--state", "succeeded"], capture_output=True, text=True, env=variables, check=True).stdout.split()[0]
            for command in (f"rpc-client result {job} --preview", f"rpc-client events {job}", f"rpc-client status {job}", f"rpc-client result {job} --info | head -c 0"):
                lines = window.run(command)
                if arguments.show:
                    print(f"--- {columns} columns: {command}", *lines, sep="\n")
            found = colours(window)
            check(found <= COLOURS, f"colours that are not the terminal's own: {found - COLOURS}")
            check("31" in found and "32" in found, f"a terminal gets colours: {found}")
    with Window(place, 80, environment) as window:
        progress(window, big.format("narrowed.csv"), narrowed=40)
    several(place, environment)
    with Window(place, 80, environment | {"NO_COLOR": "1"}) as window:
        window.run("rpc-client list")
        window.run("rpc-client run none.csv -o x.csv", 69)
        found = colours(window) - {"0"}
        check(not found, f"NO_COLOR: {found}")
    for words in (["list"], ["run", "plays.csv", "-o", "piped.csv"], ["stats"], ["describe", "日本の再生回数.csv"], ["run", "none.csv", "-o", "x.csv"], ["watch", job], ["discover"]):
        done = subprocess.run([*client, *words], capture_output=True, env=variables)
        check(b"\x1b" not in done.stdout + done.stderr, f"an escape code in a pipe: {words}")
        check(b"\r" not in done.stderr, f"a carriage return in a pipe: {words}")
    shells(place, environment, job)


main()
