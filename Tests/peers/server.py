"""A server of ours for the tests in Python: started on a port of its own, killed, started again, measured."""
import json
import os
import re
import signal
import subprocess
import time
import urllib.request


class Server:
    def __init__(self, binaries, place, *options):
        self.binaries, self.place, self.options = os.path.abspath(binaries), place, options
        self.data, self.state = os.path.join(place, "data"), os.path.join(place, "state")
        os.makedirs(self.data, exist_ok=True)
        self.port, self.process = 0, None
        self.log = os.path.join(place, "server.log")

    def start(self):
        seen = os.path.getsize(self.log) if os.path.exists(self.log) else 0
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [f"{self.binaries}/rpc-server", "--port", str(self.port), "--data", self.data, "--state", self.state, *self.options],
                stderr=log, stdout=subprocess.DEVNULL, env={k: v for k, v in os.environ.items() if not k.startswith("TALLY_") or k == "TALLY_FAILPOINTS"})
        for _ in range(600):
            with open(self.log, "rb") as log:
                log.seek(seen)
                found = re.search(rb"listening on https?://127\.0\.0\.1:(\d+)", log.read())
            if found:
                self.port = int(found[1])
                return self
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise SystemExit(f"the server didn't start; its log: {open(self.log).read()[-2000:]}")

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def stop(self, sign=signal.SIGTERM):
        if self.process:
            self.process.send_signal(sign)
            self.process.wait()
            self.process = None

    def peak_mebibytes(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            return int(re.search(r"VmHWM:\s+(\d+)", status.read())[1]) / 1024

    def memory_mebibytes(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            return int(re.search(r"VmRSS:\s+(\d+)", status.read())[1]) / 1024

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def client(self, *arguments, check=True):
        run = subprocess.run([f"{self.binaries}/rpc-client", "--server", self.url, *arguments], capture_output=True, text=True)
        if check and run.returncode:
            raise SystemExit(f"rpc-client {' '.join(arguments)} exited with {run.returncode}: {run.stderr}")
        return run.stdout.strip()

    def call(self, method, **parameters):
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}).encode()
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        request = urllib.request.Request(self.url + "/rpc", body, headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            reply = json.load(answer)
        if "error" in reply:
            raise SystemExit(f"{method}: {reply['error']}")
        return reply["result"]


def generate(binaries, rows, path, *options):
    with open(path, "wb") as file:
        subprocess.run([f"{binaries}/generate-plays", str(rows), *options], stdout=file, check=True)
