"""What Tab does with names that other users have given: nothing of them is evaluated, and what is inserted is the name itself."""
import os
import pty
import select
import subprocess
import time

EVIL = ["a$(touch {0})", "b`touch {0}`", "c;touch {0}", "d'$(touch {0})'", 'e"$(touch {0})"', "f|touch {0}", "g\\$(touch {0})", "h${{IFS}}$(touch {0})", "i!{0}", "j{{k,l}}$(touch {0})"]
QUOTED = [0, 3, 4]


class Shell:
    """A shell in a terminal of its own."""

    def __init__(self, words, environment, folder):
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            try:
                os.chdir(folder)
                os.execvpe(words[0], words, environment)
            finally:
                os._exit(127)
        self.output = b""
        self.settle(1.5)

    def settle(self, quiet=0.4, most=6):
        """Reads until nothing has come for a while."""
        end = time.time() + most
        while time.time() < end and select.select([self.terminal], [], [], quiet)[0]:
            try:
                piece = os.read(self.terminal, 65_536)
            except OSError:
                return
            self.output += piece
            # fish asks terminals what they are.
            if b"\x1b[c" in piece or b"\x1b[0c" in piece:
                os.write(self.terminal, b"\x1b[?62c")

    def type(self, text):
        os.write(self.terminal, text.encode())
        self.settle()

    def enter(self, line):
        self.output = b""
        self.type(line + "\r")
        return self.output

    def close(self):
        os.close(self.terminal)
        try:
            os.kill(self.pid, 9)
        except ProcessLookupError:
            pass
        os.waitpid(self.pid, 0)


def all(checks):
    names = [name.format(f"PWNED{index}") for index, name in enumerate(EVIL)]
    rows = b"Song,Date,Number of Plays\na,2020-01-01,1\n"
    with checks.server(files={name: rows for name in names} | {"z1$(touch PWNED90)": rows, "z2`touch PWNED91`": rows}) as server:
        # A job whose output has such a name too.
        server.call("submitJob", input=names[0], output="x$(touch PWNED92)")
        folder = os.path.join(server.place, "cwd")
        os.makedirs(folder)
        scripts = {}
        for shell in ("bash", "zsh", "fish"):
            scripts[shell] = os.path.join(server.place, ("_rpc-client" if shell == "zsh" else "completion." + shell))
            with open(scripts[shell], "wb") as file:
                subprocess.run([f"{checks.bin}/rpc-client", "completion", shell], stdout=file, check=True)
        text = open(scripts["bash"]).read()
        checks.expect('-W "$(' not in text, "bash's script hands a server's words to compgen -W")
        environment = {"TALLY_SERVER": server.url, "PATH": checks.bin + ":/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": server.place, "TERM": "xterm"}
        starts = {"bash": (["bash", "--noprofile", "--norc"], f"source {scripts['bash']}"), "fish": (["fish", "--no-config"], f"source {scripts['fish']}"),
                  "zsh": (["zsh", "-f"], f"fpath=({server.place} $fpath); autoload -U compinit; compinit -u -D")}
        for shell, (words, load) in starts.items():
            session = Shell(words, environment, folder)
            session.enter(load)
            session.settle(1)
            for index, name in enumerate(names):
                for quote in ("", '"', "'") if index in QUOTED else ("",):
                    session.output = b""
                    session.type(f"rpc-client describe {quote}{name[0]}\t")
                    session.type("\r")
                    session.settle(0.6)
                    made = [file for file in os.listdir(folder) if file.startswith("PWNED")]
                    checks.expect(not made, f"{shell}: completing {quote}{name} ran what stands in it: {made}")
                    for file in made:
                        os.remove(os.path.join(folder, file))
                    if not quote:
                        checks.expect(b"COLUMN" in session.output, f"{shell}: what was inserted isn't the name {name}: {session.output[-300:]!r}")
                    session.type("\x03")
            for typed in ("rpc-client describe z\t\t", "rpc-client describe \t\t", "rpc-client status \t\t", "rpc-client call \t\t"):
                session.type(typed)
                session.type("\x03")
            made = [file for file in os.listdir(folder) if file.startswith("PWNED")]
            checks.expect(not made, f"{shell}: listing names ran what stands in them: {made}")
            session.close()
