"""HTTP/2 by its frames (RFC 9113): large heads, and a window in which nothing may be sent."""
import socket
import ssl
import struct
import time


PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RESET, SETTINGS, GOAWAY, CONTINUATION = 0, 1, 3, 4, 7, 9


class Connection:
    """A connection of one client, which never opens its windows by itself."""

    def __init__(self, server, window=65_535):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_alpn_protocols(["h2"])
        self.socket = context.wrap_socket(socket.create_connection(("127.0.0.1", server.port), timeout=30))
        self.authority, self.received = f"127.0.0.1:{server.port}", b""
        self.socket.sendall(PREFACE)
        self.send(SETTINGS, 0, 0, struct.pack(">HI", 4, window))

    def send(self, kind, flags, stream, payload=b""):
        self.socket.sendall(struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload)

    def frame(self):
        """The next frame, (kind, flags, stream, payload); None: the connection has ended. Settings and pings are confirmed."""
        while True:
            while len(self.received) < 9 or len(self.received) < 9 + int.from_bytes(self.received[:3], "big"):
                try:
                    piece = self.socket.recv(65_536)
                except (OSError, ssl.SSLError):
                    return None
                if not piece:
                    return None
                self.received += piece
            length, kind, flags = int.from_bytes(self.received[:3], "big"), self.received[3], self.received[4]
            stream, payload = int.from_bytes(self.received[5:9], "big"), self.received[9:9 + length]
            self.received = self.received[9 + length:]
            if kind == SETTINGS and not flags & 1:
                self.send(SETTINGS, 1, 0)
            return kind, flags, stream, payload

    def settle(self, settings=2):
        """Until so many settings of the server's have come and were confirmed."""
        while settings:
            found = self.frame()
            if found is None:
                return
            settings -= found[0] == SETTINGS and not found[1] & 1

    def put(self, stream, path, more=()):
        """The head of a request whose body follows."""
        self.get(stream, path, more, "PUT")

    def get(self, stream, path, more=(), method="GET"):
        fields = [(":method", method), (":scheme", "https"), (":authority", self.authority), (":path", path), *more]
        block = b"".join(b"\x00" + text(name) + text(value) for name, value in fields)
        pieces = [block[start:start + 16_000] for start in range(0, len(block), 16_000)]
        for index, piece in enumerate(pieces):
            self.send(HEADERS if index == 0 else CONTINUATION, (index == 0 and method == "GET") | 4 * (index == len(pieces) - 1), stream, piece)

    def answer(self, stream):
        """The bytes of an answer's fields, and how it has ended: DATA, RESET, GOAWAY or None."""
        fields = b""
        while True:
            found = self.frame()
            if found is None or found[0] == GOAWAY:
                return fields, None if found is None else GOAWAY
            kind, flags, number, payload = found
            if number != stream:
                continue
            if kind == HEADERS:
                fields += payload
            if kind == RESET or flags & 1 and kind in (HEADERS, DATA):
                return fields, kind

    def close(self):
        self.socket.close()


def text(value):
    """A string literal of HPACK without Huffman's code (RFC 7541, section 5.2)."""
    raw = value.encode()
    if len(raw) < 127:
        return bytes([len(raw)]) + raw
    left, number = len(raw) - 127, b""
    while left >= 128:
        number += bytes([left % 128 | 128])
        left //= 128
    return b"\x7f" + number + bytes([left]) + raw


def heads(checks, server):
    """Up to headerBytes are taken; more are answered with 431, and the connection goes on."""
    connection = Connection(server)
    connection.settle()
    connection.get(1, "/up", [("x-large", "v" * 50_000)])
    fields, _ = connection.answer(1)
    # 0x88 is the indexed field `:status: 200`; other statuses are literals, in Huffman's code or not.
    checks.expect(fields[:1] == b"\x88", f"a head of 50,000 bytes with HTTP/2: {fields[:40]!r}")
    connection.get(3, "/up", [("x-large", "v" * 80_000)])
    fields, ended = connection.answer(3)
    checks.expect(fields and fields[:1] != b"\x88" and ended in (DATA, HEADERS, RESET), f"a head of 80,000 bytes with HTTP/2: {fields[:40]!r} {ended}")
    connection.get(5, "/up")
    fields, _ = connection.answer(5)
    checks.expect(fields[:1] == b"\x88", f"the connection goes on: {fields[:40]!r}")
    connection.close()


def windows(checks, server, job):
    """A download whose window stays shut is left, and the connection is there for others."""
    connection = Connection(server, window=0)
    connection.settle()
    connection.get(1, f"/results/{job}")
    start = time.monotonic()
    _, ended = connection.answer(1)
    checks.figure("a download with an HTTP/2 window of 0", f"left after {time.monotonic() - start:.1f} s with writeMilliseconds of 3 s")
    checks.expect(ended in (RESET, GOAWAY, None) and time.monotonic() - start < 25, f"it is left: {ended}")
    connection.close()
