#!/usr/bin/env python3
"""Carries out the Dockerfile's steps without a container engine: the build in a copy of just the files that it copies, the
last stage in a clean Debian root that its own steps fill. Then the image's command runs there under the image's user, its
health check must pass, and a job must come out right.

Differs from a container: the toolchain is this machine's, and the kernel's namespaces aren't used.

Usage: check.py [--keep]        needs root, Debian's mmdebstrap, and a network
"""
import argparse
import json
import os
import re
import shlex
import shutil
import subprocess
import tempfile
import time
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PORT = 18_000
EXPECTED = "Song,Date,Total Number of Plays for Date\n"

arguments = argparse.ArgumentParser()
arguments.add_argument("--keep", action="store_true", help="leave the root behind")
arguments = arguments.parse_args()


def stages(text):
    """Instructions of each stage: (name, [(instruction, rest)])."""
    found = []
    joined = re.sub(r"\\\n", " ", "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#")))
    for line in filter(None, (line.strip() for line in joined.splitlines())):
        instruction, rest = line.split(None, 1)
        if instruction == "FROM":
            words = rest.split()
            found.append((words[2] if len(words) > 1 else words[0], []))
        found[-1][1].append((instruction, rest.strip()))
    return found


def run(command, **more):
    print("$", command if isinstance(command, str) else shlex.join(command), flush=True)
    subprocess.run(command, check=True, **more)


def build(steps, place):
    """The build stage: its packages are this machine's (./run has installed them), its files those that it copies."""
    source, out = os.path.join(place, "src"), os.path.join(place, "out")
    os.makedirs(source)
    for instruction, rest in steps:
        if instruction == "COPY":
            *names, target = rest.split()
            for name in names:
                to = os.path.normpath(os.path.join(source, target))
                path = os.path.join(ROOT, name)
                if os.path.isdir(path):
                    shutil.copytree(path, to, ignore=shutil.ignore_patterns(".build*", "__pycache__"))
                else:
                    shutil.copy(path, to)
        elif instruction == "RUN" and "apt-get" not in rest:
            run(["bash", "-euo", "pipefail", "-c", rest.replace("/out", out)], cwd=source)
    return out


class Image:
    """The last stage, in a root of its own."""

    def __init__(self, steps, place, out):
        self.root, self.environment, self.user, self.place = os.path.join(place, "root"), {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}, "0", "/"
        self.entry, self.command, self.health = [], [], []
        for instruction, rest in steps:
            getattr(self, f"do_{instruction.lower()}")(rest, out)

    def do_from(self, rest, _):
        suite = re.search(r"debian:(\w+)-slim", rest)[1]
        run(["mmdebstrap", "--variant=minbase", suite, self.root])
        for name in ("proc", "dev"):
            run(["mount", "--rbind", f"/{name}", os.path.join(self.root, name)])
            # Else taking it away here would take it away from the machine.
            run(["mount", "--make-rslave", os.path.join(self.root, name)])
        shutil.copy("/etc/resolv.conf", os.path.join(self.root, "etc/resolv.conf"))
        self.trust_as_this_machine()

    def trust_as_this_machine(self):
        """Where packages are fetched through a proxy or a mirror, the root needs what this machine has."""
        for name in ("etc/apt/apt.conf.d", "etc/apt/sources.list.d", "etc/apt/sources.list", "etc/apt/keyrings"):
            path = os.path.join("/", name)
            if os.path.isdir(path):
                shutil.copytree(path, os.path.join(self.root, name), dirs_exist_ok=True)
            elif os.path.exists(path):
                shutil.copy(path, os.path.join(self.root, name))

    def do_run(self, rest, _):
        run(["chroot", self.root, "/bin/bash", "-euo", "pipefail", "-c", rest], env=self.environment | {"DEBIAN_FRONTEND": "noninteractive"})

    def do_copy(self, rest, out):
        source, *names, target = rest.split()
        assert source == "--from=build", source
        for name in names:
            shutil.copy(name.replace("/out", out), self.root + target)

    def do_env(self, rest, _):
        self.environment |= dict(word.split("=", 1) for word in shlex.split(rest))

    def do_user(self, rest, _): self.user = rest
    def do_workdir(self, rest, _): self.place = rest
    def do_shell(self, rest, _): pass
    def do_volume(self, rest, _): pass
    def do_expose(self, rest, _): pass
    def do_entrypoint(self, rest, _): self.entry = json.loads(rest)
    def do_cmd(self, rest, _): self.command = json.loads(rest)
    def do_healthcheck(self, rest, _): self.health = json.loads(rest.split("CMD", 1)[1])

    def inside(self, command):
        return ["chroot", f"--userspec={self.user}:{self.user}", self.root, "/usr/bin/env", "-C", self.place, *command]

    def start(self):
        command = self.inside(self.entry + self.command)
        print("$", shlex.join(command), flush=True)
        return subprocess.Popen(command, env=self.environment)

    def close(self):
        for name in ("proc", "dev"):
            subprocess.run(["umount", "-R", "-l", os.path.join(self.root, name)], capture_output=True)


def check(image):
    data = os.path.join(image.root, "var/lib/tally/data")
    shutil.copy(os.path.join(ROOT, "Examples", "plays.csv"), data)
    image.environment |= {"TALLY_PORT": str(PORT), "TALLY_LISTEN_ANYWHERE": "true"}
    server = image.start()
    try:
        for _ in range(100):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{PORT}/readyz", timeout=2)
                break
            except OSError:
                if server.poll() is not None:
                    raise SystemExit(f"the server ended with {server.returncode}")
                time.sleep(0.1)
        run(image.inside(image.health), env=image.environment)
        run(image.inside(["rpc-client", "run", "plays.csv", "-o", "sums.csv"]), env=image.environment | {"TALLY_SERVER": f"http://127.0.0.1:{PORT}"})
        with open(os.path.join(data, "sums.csv")) as file:
            text = file.read()
        if not text.startswith(EXPECTED) or len(text.splitlines()) < 2:
            raise SystemExit(f"the answer is another one: {text[:200]!r}")
        owner = os.stat(os.path.join(data, "sums.csv")).st_uid
        if str(owner) != image.user or owner == 0:
            raise SystemExit(f"the answer belongs to the user {owner}")
    finally:
        server.terminate()
        if server.wait(40) != 0:
            raise SystemExit(f"the server ended with {server.returncode}")
    size = subprocess.run(["du", "-smx", "--exclude=./proc", "--exclude=./dev", "."], cwd=image.root, capture_output=True, text=True, check=True).stdout.split()[0]
    print(f"container: the Dockerfile's steps make a root of {size} MiB; its server, under user {image.user}, is healthy and has done a job")


place = tempfile.mkdtemp(prefix="tally-container-")
os.chmod(place, 0o755)
image = None
try:
    with open(os.path.join(ROOT, "Dockerfile")) as file:
        (_, first), (_, last) = stages(file.read())
    out = build(first, place)
    image = Image.__new__(Image)
    image.root = os.path.join(place, "root")
    image.__init__(last, place, out)
    check(image)
finally:
    if image:
        image.close()
    with open("/proc/self/mountinfo") as mounts:
        is_mounted = place in mounts.read()
    if is_mounted:
        print(f"container: something is still mounted below {place}, which is left as it is")
    elif not arguments.keep:
        shutil.rmtree(place, ignore_errors=True)
