"""Servers and workers as processes that can be killed, stopped and started again, over one store and one data folder."""
import datetime
import glob
import json
import os
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request


def clock_library():
    """The library that shifts a process's clock, of Debian's package libfaketime; None where it is missing."""
    found = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
    return found[0] if found else None


def moment(text):
    """Seconds, of a time as logs and answers have it."""
    return datetime.datetime.fromisoformat(re.sub(r"([+-]\d\d)(\d\d)$", r"\1:\2", text.replace("Z", "+00:00"))).timestamp()


class Node:
    """One process of rpc-server's."""

    def __init__(self, fleet, name, *arguments):
        self.fleet, self.name, self.arguments = fleet, name, arguments
        self.process, self.port, self.is_stopped = None, 0, False
        self.log = os.path.join(fleet.place, f"{name}.log")
        self.deaths = []

    def start(self, failpoints=None, clock=None, wait=True):
        seen = os.path.getsize(self.log) if os.path.exists(self.log) else 0
        environment = {name: value for name, value in os.environ.items() if not name.startswith("TALLY_")}
        if failpoints:
            environment["TALLY_FAILPOINTS"] = failpoints
        command = [f"{self.fleet.binaries}/rpc-server", *self.arguments]
        if clock:
            # The machine's clock as this process sees it; the one that measures durations stays. Without the command
            # faketime, which would stand between us and the process that we kill.
            # A FAKETIME_SHARED of its own would be set before main, by which a Swift program loses its arguments.
            environment |= {"LD_PRELOAD": clock_library(), "FAKETIME": clock, "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                            # A wrong clock changes no file's times: those are the file system's.
                            "NO_FAKE_STAT": "1", "FAKETIME_SHARED": "/tally-none /tally-none"}
        if self.arguments[0] == "serve":
            # Any that is free at first, and the same afterwards.
            command += ["--port", str(self.port)]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(command, stderr=log, stdout=subprocess.DEVNULL, env=environment)
        self.is_stopped = False
        if not wait:
            return self
        for _ in range(1_200):
            with open(self.log, "rb") as log:
                log.seek(seen)
                text = log.read()
            found = re.search(rb"listening on https?://127\.0\.0\.1:(\d+)", text)
            if found:
                self.port = int(found[1])
                return self
            working = re.search(rb"^(\S+) notice tally: .*working$", text, re.M)
            if working:
                if clock and abs(moment(working[1].decode()) - time.time()) < 3_000:
                    raise SystemExit(f"{self.name} has the right clock, where it should have a wrong one")
                return self
            if self.process.poll() is not None:
                if failpoints:
                    return self
                break
            time.sleep(0.02)
        raise SystemExit(f"{self.name} didn't start; its log: {open(self.log).read()[-2000:]}")

    @property
    def pid(self):
        return self.process.pid

    @property
    def is_alive(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        if self.is_alive:
            self.process.send_signal(signal.SIGKILL)
        self.bury()

    def bury(self):
        """Notes when it died, and waits for it."""
        if self.process is None:
            return
        self.process.wait()
        self.deaths.append((self.pid, time.time()))
        self.process = None

    def stop(self):
        if self.is_alive:
            self.process.send_signal(signal.SIGSTOP)
            self.is_stopped = True

    def go_on(self):
        if self.is_alive:
            self.process.send_signal(signal.SIGCONT)
        self.is_stopped = False

    def is_stopped_now(self):
        """Whether the system holds it: a failpoint may have stopped it."""
        try:
            with open(f"/proc/{self.pid}/stat") as stat:
                return stat.read().rsplit(")", 1)[1].split()[0] == "T"
        except (OSError, AttributeError):
            return False

    def end(self):
        if self.is_alive:
            self.go_on()
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(40)
            except subprocess.TimeoutExpired:
                raise SystemExit(f"{self.name} doesn't end; its log: {open(self.log).read()[-2000:]}")
        self.process = None


class CallFailed(Exception):
    def __init__(self, error):
        super().__init__(error.get("message"))
        self.error = error
        self.reason = error.get("data", {}).get("reason")


class Fleet:
    def __init__(self, binaries, place, cluster=None, servers=1, workers=2, options=()):
        self.binaries, self.place, self.cluster = os.path.abspath(binaries), place, cluster
        self.data = os.path.join(place, "data")
        os.makedirs(self.data, exist_ok=True)
        common = ["--data", self.data, "--memory", "512MiB", *options]
        if cluster:
            store = ["--store", cluster.url()]
            self.servers = [Node(self, f"server-{n}", "serve", "--workers", "0", *store, *common, "--state", os.path.join(place, f"s{n}")) for n in range(servers)]
            self.workers = [Node(self, f"worker-{n}", "worker", *store, *common, "--state", os.path.join(place, f"w{n}")) for n in range(workers)]
        else:
            # One process owns an embedded store, and does the work too.
            self.servers = [Node(self, "server-0", "serve", *common, "--state", os.path.join(place, "state"))]
            self.workers = []

    @property
    def nodes(self):
        return self.servers + self.workers

    @property
    def doers(self):
        """Those that run jobs."""
        return self.workers or self.servers

    def start(self):
        for node in self.nodes:
            if not node.is_alive:
                node.start()
        return self

    def heal(self):
        """Starts what is dead, lets go on what is stopped."""
        for node in self.nodes:
            if node.is_stopped_now():
                node.go_on()
            if not node.is_alive:
                node.bury()
                node.start()

    def end(self):
        for node in self.nodes:
            node.end()

    def call(self, method, server=0, timeout=20, **parameters):
        """One call. Raises CallFailed for an error of the server's, OSError for one of the way there."""
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}).encode()
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        request = urllib.request.Request(f"http://127.0.0.1:{self.servers[server].port}/rpc", body, headers)
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                reply = json.load(answer)
        except urllib.error.HTTPError as error:
            reply = json.load(error)
        except (json.JSONDecodeError, ValueError) as error:
            raise OSError(f"half an answer: {error}")
        except Exception as error:
            raise error if isinstance(error, OSError) else OSError(str(error))
        if "error" in reply:
            raise CallFailed(reply["error"])
        return reply["result"]

    def persist(self, method, seconds=60, **parameters):
        """Calls until a server answers: what a client does that wants its answer. Any server will do."""
        end, turn = time.time() + seconds, 0
        while True:
            try:
                return self.call(method, server=turn % len(self.servers), timeout=5, **parameters)
            except OSError as error:
                last = error
            except CallFailed as failure:
                if failure.error["data"]["status"] not in ("UNAVAILABLE",):
                    raise
                last = failure
            turn += 1
            if time.time() > end:
                raise SystemExit(f"{method}: no answer in {seconds} s: {last}")
            time.sleep(0.05)

    def download(self, job):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.servers[0].port}/results/{job}", timeout=60) as answer:
            return answer.read()
