"""Work that a caller can ask for: it ends within a second of a cancel, and holds nobody else up."""
import gzip
import os
import resource
import signal
import struct
import subprocess
import threading
import time

from checks import code, ended, message, post, raw, until


def ready(server):
    """The status of /readyz."""
    return code(raw(server, b"GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"))


def silent_inputs(checks):
    """Files that are read for hours and yield no row."""
    member = gzip.compress(b"Song,Date,Number of Plays\na,2020-01-01,1\n")
    kinds = {"sparse.csv.gz": member, "skippable.csv.zst": None, "empty.csv.gz": gzip.compress(b"") * 50_000}
    with checks.server() as server:
        for name, start in kinds.items():
            with open(os.path.join(server.data, name), "wb") as file:
                if start is None:
                    # Skippable frames (RFC 8878, section 3.1.2), each of 4 GiB that the file system doesn't have to keep.
                    for number in range(90):
                        file.seek(number * ((1 << 32) + 7))
                        file.write(struct.pack("<II", 0x184D2A50, 0xFFFFFFFF))
                    file.truncate(400 << 30)
                elif name.startswith("empty"):
                    for _ in range(200):
                        file.write(start)
                else:
                    file.write(start)
                    file.truncate(400 << 30)
        for name in kinds:
            job = server.call("submitJob", input=name, output=name + ".out")["jobId"]
            until(lambda: server.call("getStatus", jobId=job)["state"] != "queued")
            time.sleep(1)
            state = server.call("getStatus", jobId=job)["state"]
            if state != "running":
                checks.figure(f"{name}", f"ended by itself: {state}")
                continue
            start = time.monotonic()
            server.call("cancelJob", jobId=job)
            status = ended(server, job, 30)
            checks.figure(f"cancel of {name}", f"{time.monotonic() - start:.2f} s" if status["state"] == "cancelled" else f"not within 30 s: {status['state']}")
            checks.expect(status["state"] == "cancelled", f"{name}: {status['state']}")
        job = server.call("submitJob", input="sparse.csv.gz", output="again.csv")["jobId"]
        until(lambda: server.call("getStatus", jobId=job)["state"] == "running")
        start = time.monotonic()
        server.process.terminate()
        stopped = until(lambda: server.process.poll() is not None, 45)
        checks.figure("SIGTERM while such a file is read", f"{time.monotonic() - start:.1f} s")
        checks.expect(stopped, "SIGTERM ends a server that reads such a file")
        if not stopped:
            server.process.kill()


def conditions(checks):
    """A cancel is seen between the terms of a condition too."""
    rows = b"Song,Date,Number of Plays\n" + b"".join(b"song %d,2020-01-%02d,%d\n" % (row % 5_000, row % 28 + 1, row) for row in range(200_000))
    with checks.server(files={"big.csv": rows * 8}) as server:
        for terms, op in ((2_000, "="), (12_000, "="), (2_000, "prefix"), (10_000, "prefix")):
            where = {"or": [{"column": "Song", "op": op, "value": f"no such song {term}"} for term in range(terms)]}
            reply = post(server, message("submitJob", {"input": "big.csv", "output": f"terms-{terms}-{op.strip(chr(61))}.csv", "where": where, "onBadRow": "skip", "maxBadRows": 10_000_000}))[1]
            if "error" in reply:
                checks.expect(False, f"{terms} terms are refused: {reply['error']['message'][:200]}")
                continue
            job = reply["result"]["jobId"]
            until(lambda: server.call("getStatus", jobId=job)["state"] != "queued")
            time.sleep(0.3)
            start = time.monotonic()
            server.call("cancelJob", jobId=job)
            status = ended(server, job, 60)
            checks.figure(f"cancel with {terms} terms of {op}", f"{time.monotonic() - start:.2f} s ({status['state']})")
            checks.expect(status["state"] in ("cancelled", "succeeded") and time.monotonic() - start < 8, f"{terms} terms of {op}: {status['state']} after {time.monotonic() - start:.1f} s")


def patterns(checks, files=30_000):
    """While patterns are looked up, everyone else is answered."""
    with checks.server() as server:
        for number in range(files):
            folder = os.path.join(server.data, f"f{number // 1_000}")
            if number % 1_000 == 0:
                os.makedirs(folder)
            open(os.path.join(folder, f"{number}.csv"), "w").close()
        slowest, over = [0.0], threading.Event()

        def ask():
            while not over.is_set():
                start = time.monotonic()
                post(server, message("getStatus", {"jobId": "none"}))
                slowest[0] = max(slowest[0], time.monotonic() - start)
        asking = threading.Thread(target=ask)
        asking.start()
        names = [f"*/*{number}5.csv" for number in range(60)]
        start = time.monotonic()
        submitting = [threading.Thread(target=lambda n=n: post(server, message("submitJob", {"input": names, "output": f"p{n}.csv"}))) for n in range(2)]
        for thread in submitting:
            thread.start()
        for thread in submitting:
            thread.join()
        whole = time.monotonic() - start
        over.set()
        asking.join()
        checks.figure(f"two submissions of 60 patterns over {files:,} files", f"{whole:.1f} s, the slowest getStatus meanwhile {slowest[0] * 1000:.0f} ms")
        checks.expect(slowest[0] < max(1.0, whole / 2), f"getStatus waited {slowest[0]:.1f} of {whole:.1f} s")


def folder(checks):
    """A data folder that is moved away is noticed, and jobs wait for it."""
    with checks.server(files={"plays.csv": b"Song,Date,Number of Plays\na,2020-01-01,1\n"}) as server:
        checks.expect(until(lambda: ready(server) == 200), "the server is ready")
        job = server.call("submitJob", input="plays.csv", output="before.csv")["jobId"]
        ended(server, job)
        os.rename(server.data, server.data + "-away")
        checks.expect(until(lambda: ready(server) == 503, 10), "/readyz says that the folder has gone")
        os.rename(server.data + "-away", server.data)
        checks.expect(until(lambda: ready(server) == 200, 10), "/readyz says that it is back")
        checks.expect(checks.run(server, "plays.csv", "after.csv")["state"] == "succeeded", "jobs go on")
        mode = os.stat(server.state).st_mode & 0o777
        checks.expect(mode == 0o700, f"the state folder's mode is {mode:o}")
        os.chmod(os.path.join(server.data, "plays.csv"), 0o600)
        checks.run(server, "plays.csv", "private.csv")
        mode = os.stat(os.path.join(server.data, "private.csv")).st_mode & 0o777
        checks.expect(mode == 0o400, f"the answer of a private file has the mode {mode:o}")


def outputs(checks):
    """What isn't a plain file is never replaced by an answer."""
    with checks.server(files={"plays.csv": b"Song,Date,Number of Plays\na,2020-01-01,1\n", "kept.csv": b"kept"}) as server:
        path = lambda name: os.path.join(server.data, name)
        os.symlink("kept.csv", path("link.csv"))
        os.symlink("nowhere.csv", path("dangling.csv"))
        os.mkfifo(path("pipe.csv"))
        os.mkdir(path("folder.csv"))
        os.symlink(server.place, path("outside"))
        for name in ("link.csv", "dangling.csv", "pipe.csv", "folder.csv", "outside/o.csv"):
            before = os.lstat(path(name)) if os.path.lexists(path(name)) else None
            reply = post(server, message("submitJob", {"input": "plays.csv", "output": name}))[1]
            checks.expect("error" in reply, f"an output that is no plain file is taken: {name}")
            after = os.lstat(path(name)) if os.path.lexists(path(name)) else None
            checks.expect((before and before.st_ino) == (after and after.st_ino), f"{name} was replaced")
        # One that becomes a link while its job waits isn't replaced either.
        job = server.call("submitJob", input="plays.csv", output="later.csv", startAt=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 2)))["jobId"]
        os.symlink("kept.csv", path("later.csv"))
        status = ended(server, job)
        until(lambda: server.call("getStatus", jobId=job).get("error"), 5)
        status = server.call("getStatus", jobId=job)
        checks.expect(os.path.islink(path("later.csv")) and open(path("kept.csv")).read() == "kept" and not status["published"], f"a link that came later: {status}")
        waited = subprocess.run([f"{checks.bin}/rpc-client", "--server", server.url, "wait", job], capture_output=True)
        checks.expect(waited.returncode == 73, f"a result without its name ends with {waited.returncode}: {waited.stderr!r}")


def store(checks):
    """A store that can't be written is no ready one, and is told from one that another process has."""
    real = subprocess.Popen
    subprocess.Popen = lambda *words, **named: real(*words, **named, preexec_fn=lambda: signal.signal(signal.SIGXFSZ, signal.SIG_IGN))
    try:
        with checks.server(files={"plays.csv": b"Song,Date,Number of Plays\na,2020-01-01,1\n"}) as server:
            subprocess.Popen = real
            checks.expect(until(lambda: ready(server) == 200), "the server is ready")
            _, hard = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
            resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (0, hard))
            checks.expect(until(lambda: ready(server) == 503, 10), "/readyz says that the store can't be written")
            resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
            server.stop()
            # Root writes everywhere: as somebody else.
            nobody = 65_534 if os.getuid() == 0 else os.getuid()
            for folder, folders, files in os.walk(server.place):
                for name in [folder, *(os.path.join(folder, file) for file in files)]:
                    os.chown(name, nobody, -1)
            os.chmod(server.state, 0o500)
            for file in os.listdir(server.state):
                os.chmod(os.path.join(server.state, file), 0o400)
            run = real([f"{checks.bin}/rpc-server", "serve", "--port", "0", "--data", server.data, "--state", server.state], stderr=subprocess.PIPE, preexec_fn=lambda: os.setuid(nobody))
            try:
                errors = run.communicate(timeout=15)[1]
            except subprocess.TimeoutExpired:
                run.kill()
                errors = run.communicate()[1]
            checks.expect(run.returncode not in (0, -9) and b"another process" not in errors and b"NSCocoa" not in errors, f"a state folder that can't be written: {errors[-400:]!r}")
            os.chmod(server.state, 0o700)
    finally:
        subprocess.Popen = real


def all(checks):
    outputs(checks)
    store(checks)
    silent_inputs(checks)
    conditions(checks)
    patterns(checks)
    folder(checks)
