"""A proxy that cuts all of its connections every so often, and delays and reorders nothing."""
import select
import socket
import struct
import threading
import time


class Cutter:
    def __init__(self, ports, seconds, chance):
        """ports: where connections are passed on to, in turn; seconds: between two cuts, on average; nil: none."""
        self.ports, self.seconds, self.chance = ports, seconds, chance
        self.cuts, self.passed, self.turn = 0, 0, 0
        self.open, self.lock = set(), threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.is_closed = False
        threading.Thread(target=self.accept, daemon=True).start()
        if seconds:
            threading.Thread(target=self.cut, daemon=True).start()

    def accept(self):
        while not self.is_closed:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.turn += 1
            threading.Thread(target=self.serve, args=(client, self.ports[self.turn % len(self.ports)]), daemon=True).start()

    def serve(self, client, port):
        try:
            server = socket.create_connection(("127.0.0.1", port))
        except OSError:
            client.close()
            return
        with self.lock:
            self.open |= {client, server}
        try:
            while True:
                for one in select.select([client, server], [], [])[0]:
                    data = one.recv(1 << 18)
                    if not data:
                        return
                    (server if one is client else client).sendall(data)
                    self.passed += len(data)
        except (OSError, ValueError):
            pass
        finally:
            with self.lock:
                self.open -= {client, server}
            client.close()
            server.close()

    def cut(self):
        while not self.is_closed:
            time.sleep(self.chance.uniform(0.5, 1.5) * self.seconds)
            with self.lock:
                victims, self.open = self.open, set()
            if victims:
                self.cuts += 1
            for one in victims:
                try:
                    # A reset, not an orderly end.
                    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    one.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def close(self):
        self.is_closed = True
        self.listener.close()
