"""A PostgreSQL server of the tests' own, from Debian's package, in a folder that goes with it."""
import glob
import os
import pwd
import shutil
import subprocess


def programs():
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"), key=lambda path: int(path.split("/")[4]))
    if not found:
        raise SystemExit("this needs Debian's package postgresql; the tasks of ./run install it")
    return os.path.dirname(found[-1])


class Cluster:
    def __init__(self, place, fsync=True):
        self.place, self.programs = os.path.join(place, "pg"), programs()
        self.data = os.path.join(self.place, "cluster")
        os.makedirs(self.place)
        self.options = f"-c listen_addresses= -c unix_socket_directories={self.place} -c max_connections=200 -c fsync={'on' if fsync else 'off'}"
        if os.geteuid() == 0:
            # PostgreSQL refuses to run as root.
            user = pwd.getpwnam("postgres")
            os.chown(self.place, user.pw_uid, user.pw_gid)
            folder = self.place
            while folder != "/":
                os.chmod(folder, os.stat(folder).st_mode | 0o011)
                folder = os.path.dirname(folder)
        self.run("initdb", "-D", self.data, "-A", "trust", "-U", "tally", "-E", "UTF8", "--no-sync")
        self.start()

    def run(self, program, *arguments, as_postgres=True):
        prefix = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if as_postgres and os.geteuid() == 0 else []
        done = subprocess.run([*prefix, f"{self.programs}/{program}", *arguments], cwd="/", capture_output=program != "pg_ctl", text=True,
                              stdin=subprocess.DEVNULL, **({"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL} if program == "pg_ctl" else {}))
        if done.returncode:
            raise SystemExit(f"{program} exited with {done.returncode}: {done.stderr}")
        return (done.stdout or "").strip()

    def start(self):
        self.run("pg_ctl", "-D", self.data, "-l", f"{self.data}/log", "-o", self.options, "-w", "start")

    def stop(self, mode="immediate"):
        self.run("pg_ctl", "-D", self.data, "-m", mode, "-w", "stop")

    def sql(self, text):
        return self.run("psql", "-h", self.place, "-U", "tally", "-d", "postgres", "-qAt", "-v", "ON_ERROR_STOP=1", "-c", text, as_postgres=False)

    def processes(self):
        """The IDs of the server's processes, its first one and all that it has begun."""
        with open(os.path.join(self.data, "postmaster.pid")) as file:
            first = int(file.readline())
        with open(f"/proc/{first}/task/{first}/children") as file:
            return [first, *map(int, file.read().split())]

    def kill_backends(self):
        self.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'")

    def url(self, schema="tally", **more):
        query = "&".join([f"schema={schema}", *(f"{name}={value}" for name, value in more.items())])
        return f"postgres://tally@{self.place.replace('/', '%2F')}/postgres?{query}"

    def close(self):
        try:
            self.stop()
        except SystemExit:
            pass
        shutil.rmtree(self.place, ignore_errors=True)
