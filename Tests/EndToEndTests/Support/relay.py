#!/usr/bin/env python3
"""What may stand between a client and a server, for the tests of the client's options.

Usage: relay.py unix PATH PORT      listens on a Unix socket, and passes on to 127.0.0.1:PORT
       relay.py proxy               an HTTP proxy, with CONNECT; says each request's line, and its Authorization
       relay.py closing PORT KEY    TLS with the PEM file KEY; closes every connection after the first request's first bytes
       relay.py mutual KEY                TLS; asks for a certificate of the PEM file KEY, and answers with its name
       relay.py counting PORT       passes on to 127.0.0.1:PORT, with small buffers; says how many bytes have come back in all
       relay.py holding PORT NAME BYTES   sends the beginning of a file to 127.0.0.1:PORT, and then nothing, as long as it lives
       relay.py patching PORT PATH OFFSET BYTES LENGTH   sends the beginning of a PATCH; says the first line of its answer
       relay.py silent              accepts, answers one request with {}, and is silent from then on

Prints the port where it listens, one line; then what it has to say, a line each. Standard library alone.
"""
import os
import select
import socket
import ssl
import sys
import threading
import time


def say(*words):
    print(*words, flush=True)


def pump(left, right):
    """Passes bytes both ways until one side ends."""
    with left, right:
        while True:
            for one in select.select([left, right], [], [])[0]:
                data = one.recv(65536)
                if not data:
                    return
                (right if one is left else left).sendall(data)


def pump_one(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass


def head(connection):
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return None
        data += piece
    return data


def serve(listener, handle):
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=handle, args=(connection,), daemon=True).start()


def listen():
    listener = socket.create_server(("127.0.0.1", 0))
    say(listener.getsockname()[1])
    return listener


def proxy(connection):
    data = head(connection)
    if data is None:
        return
    line, rest = data.split(b"\r\n", 1)
    method, target, version = line.decode().split(" ")
    authorization = [field for field in rest.decode().split("\r\n") if field.lower().startswith("authorization:")]
    say(method, target, *authorization)
    if method == "CONNECT":
        host, port = target.rsplit(":", 1)
        upstream = socket.create_connection((host, int(port)))
        connection.sendall(b"HTTP/1.1 200 Connection established\r\nX-Proxy: yes\r\n\r\n")
    else:
        host, path = target.removeprefix("http://").split("/", 1)
        upstream = socket.create_connection((host.split(":")[0], int(host.split(":")[1])))
        upstream.sendall(f"{method} /{path} {version}\r\n".encode() + rest)
    pump(connection, upstream)


def silent(connection):
    while (data := head(connection)) is not None:
        say(data.split(b"\r\n", 1)[0].decode())
        if not getattr(silent, "answered", False):
            silent.answered = True
            body = b'{"jsonrpc":"2.0","id":1,"result":{}}'
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


def end_with(parent):
    """Nobody is left to tell this program to stop when the tests have died."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(0)


threading.Thread(target=end_with, args=(os.getppid(),), daemon=True).start()
kind = sys.argv[1]
if kind == "unix":
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(sys.argv[2])
    listener.listen()
    say(0)
    serve(listener, lambda connection: pump(connection, socket.create_connection(("127.0.0.1", int(sys.argv[3])))))
elif kind == "proxy":
    serve(listen(), proxy)
elif kind == "closing":
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(sys.argv[3])

    def closing(connection):
        try:
            with context.wrap_socket(connection, server_side=True) as tls:
                tls.recv(10)
        except OSError:
            pass

    serve(listen(), closing)
elif kind == "mutual":
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=sys.argv[2])
    context.load_cert_chain(sys.argv[2])
    context.verify_mode = ssl.CERT_REQUIRED

    def mutual(connection):
        try:
            with context.wrap_socket(connection, server_side=True) as tls:
                head(tls)
                name = tls.getpeercert()["subject"][0][0][1]
                body = b'{"jsonrpc":"2.0","id":1,"result":"%s"}' % name.encode()
                tls.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body)
        except OSError:
            pass

    serve(listen(), mutual)
elif kind == "counting":
    # A window that grows would take a large answer for a reader that takes nothing.
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 16)
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    say(listener.getsockname()[1])

    def counting(connection):
        upstream = socket.socket()
        upstream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        upstream.connect(("127.0.0.1", int(sys.argv[2])))
        threading.Thread(target=pump_one, args=(connection, upstream), daemon=True).start()
        total, told = 0, 0
        while data := upstream.recv(65536):
            total += len(data)
            if total - told > 1 << 18:
                told = total
                say(total)
            connection.sendall(data)
        connection.close()

    serve(listener, counting)
elif kind == "holding":
    upstream = socket.create_connection(("127.0.0.1", int(sys.argv[2])))
    upstream.sendall(f"PUT /files/{sys.argv[3]} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2000000\r\n\r\n".encode() + b"x" * int(sys.argv[4]))
    say(0)
    while True:
        time.sleep(60)
elif kind == "patching":
    port, path, offset, count, length = int(sys.argv[2]), sys.argv[3], sys.argv[4], int(sys.argv[5]), sys.argv[6]
    upstream = socket.create_connection(("127.0.0.1", port))
    head = (f"PATCH {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: {offset}\r\n"
            f"Content-Type: application/offset+octet-stream\r\nContent-Length: {length}\r\n\r\n")
    upstream.sendall(head.encode() + b"x" * count)
    say(0)
    say(upstream.recv(65536).split(b"\r\n")[0].decode())
    while True:
        time.sleep(60)
elif kind == "silent":
    serve(listen(), silent)
