"""What a server does only rarely: it stalls, breaks, answers late. A small one of sockets does it here, on purpose."""
import asyncio
import io
import json
import socket
import threading
import time
import unittest
from unittest import mock

from tally import AsyncClient, Client, ConnectionFailed, DeadlineExceeded, ProtocolError, RemoteError, protocol

ANSWER = b"0123456789" * 1_000
TAG = b'"a1"'


class Scripted:
    """Answers each connection's request by the next step: a function of (connection, head)."""

    def __init__(self, *steps, host="127.0.0.1"):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.listener = socket.create_server((host, 0), family=family)
        self.url = f"http://[{host}]:{self.listener.getsockname()[1]}" if ":" in host else f"http://{host}:{self.listener.getsockname()[1]}"
        self.heads, self.steps, self.held = [], list(steps), []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        for step in self.steps:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            text = b""
            while b"\r\n\r\n" not in text:
                text += connection.recv(65_536)
            head, _, body = text.partition(b"\r\n\r\n")
            length = next((int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
            while len(body) < length:
                body += connection.recv(65_536)
            self.heads.append(head.decode())
            self.held.append(connection)
            step(connection, head)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()
        for connection in self.held:
            connection.close()


def whole(status, body, more=b""):
    def step(connection, _):
        connection.sendall(b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n%sConnection: close\r\n\r\n" % (status, len(body), more) + body)
        connection.close()
    return step


def result(value):
    return whole(b"200 OK", json.dumps({"jsonrpc": "2.0", "id": 1, "result": value}).encode())


def error(status, http=b"200 OK"):
    return whole(http, json.dumps({"jsonrpc": "2.0", "id": 1, "error": {"code": -32000, "message": "no", "data": {"status": status, "reason": "X"}}}).encode())


def stalled(connection, _):
    """Half of the answer, and then nothing: the connection stays open."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nETag: %s\r\n\r\n" % (len(ANSWER), TAG) + ANSWER[:4_000])


def broken(connection, head):
    stalled(connection, head)
    connection.shutdown(socket.SHUT_RDWR)
    connection.close()


def rest(connection, head):
    """What `Range` asks for, of the same answer."""
    lines = head.decode().split("\r\n")
    start = next(int(line.split("=")[1].rstrip("-")) for line in lines if line.startswith("Range: "))
    assert f"If-Range: {TAG.decode()}" in lines
    connection.sendall(b"HTTP/1.1 206 Partial Content\r\nContent-Length: %d\r\nETag: %s\r\nConnection: close\r\n\r\n" % (len(ANSWER) - start, TAG) + ANSWER[start:])
    connection.close()


def changed(connection, _):
    whole(b"200 OK", b"another", b'ETag: "b2"\r\n')(connection, _)


def gone(connection, _):
    connection.close()


class EdgeTests(unittest.TestCase):
    def both(self, steps, use, host="127.0.0.1", **options):
        """The same with each client: `use` gets a function that calls a method of it."""
        with Scripted(*steps, host=host) as server:
            client = Client(server.url, **options)
            use(lambda name, *words, **named: getattr(client, name)(*words, **named), server)
            client.close()
        with Scripted(*steps, host=host) as server:
            client = AsyncClient(server.url, **options)
            use(lambda name, *words, **named: asyncio.run(getattr(client, name)(*words, **named)), server)

    def test_a_download_goes_on_where_it_stopped(self):
        for step in (stalled, broken):
            def use(run, server):
                file = io.BytesIO()
                with mock.patch.object(protocol, "SILENCE", 0.5):
                    self.assertEqual(run("download", "job", file), len(ANSWER))
                self.assertEqual(file.getvalue(), ANSWER)
                self.assertEqual(len(server.heads), 2)
            with mock.patch.object(protocol, "SILENCE", 0.5):
                self.threads_only([step, rest], use)

    def threads_only(self, steps, use):
        with Scripted(*steps) as server:
            client = Client(server.url)
            use(lambda name, *words, **named: getattr(client, name)(*words, **named), server)
            client.close()

    def test_a_broken_download_goes_on_with_asyncio_too(self):
        def use(run, server):
            file = io.BytesIO()
            self.assertEqual(run("download", "job", file), len(ANSWER))
            self.assertEqual(file.getvalue(), ANSWER)
        self.both([broken, rest], use)

    def test_an_answer_that_has_changed_is_not_mixed(self):
        def use(run, server):
            with self.assertRaises(ProtocolError):
                run("download", "job", io.BytesIO())
        self.both([broken, changed], use)

    def test_a_download_has_a_timeout(self):
        def use(run, server):
            began = time.monotonic()
            with self.assertRaises(DeadlineExceeded):
                run("download", "job", io.BytesIO(), timeout=0.5)
            self.assertLess(time.monotonic() - began, 10)
        self.both([stalled], use)

    def test_wait_has_a_timeout(self):
        def silent(connection, _):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        def use(run, server):
            with self.assertRaises(DeadlineExceeded):
                run("wait", "job", timeout=0.5)
        self.both([silent], use)

    def test_a_deadline_is_one_error_whoever_has_noticed_it(self):
        def use(run, server):
            with self.assertRaises(DeadlineExceeded) as caught:
                run("call", "getStatus", {"jobId": "x"})
            self.assertIsInstance(caught.exception, RemoteError)
        self.both([error("DEADLINE_EXCEEDED")], use)
        def late(run, server):
            with self.assertRaises(DeadlineExceeded):
                run("call", "getStatus", {"jobId": "x"}, timeout=0.2)
        self.both([lambda connection, _: None], late)

    def test_a_trickling_answer_is_late_as_well(self):
        def trickle(connection, _):
            try:
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
                for _ in range(200):
                    connection.sendall(b" ")
                    time.sleep(0.05)
            except OSError:
                pass
        def use(run, server):
            began = time.monotonic()
            with self.assertRaises(DeadlineExceeded):
                run("call", "getStatus", {"jobId": "x"}, timeout=0.3)
            self.assertLess(time.monotonic() - began, 5)
        self.both([trickle], use)

    def test_a_call_is_sent_again_until_its_deadline(self):
        """More attempts than a fixed number of them would be, in more than half a second."""
        def use(run, server):
            self.assertEqual(run("call", "getStatus", {"jobId": "x"}, timeout=20), 7)
            self.assertEqual(len(server.heads), 6)
        self.both([gone] * 5 + [result(7)], use)

    def test_what_may_not_be_repeated_is_not(self):
        def use(run, server):
            with self.assertRaises(ConnectionFailed):
                run("call", "retryJob", {"jobId": "x"}, timeout=5)
            self.assertEqual(len(server.heads), 1)
        self.both([gone, result(1)], use)

    def test_a_long_call_is_not_given_up_for_its_silence(self):
        def slow(connection, _):
            time.sleep(1)
            result(5)(connection, _)
        def use(run, server):
            with mock.patch.object(protocol, "SILENCE", 0.2):
                self.assertEqual(run("call", "retryJob", {"jobId": "x"}, timeout=10), 5)
            self.assertEqual(len(server.heads), 1)
        self.both([slow], use)

    def test_an_id_is_one_part_of_the_path(self):
        def use(run, server):
            with self.assertRaises(RemoteError):
                run("download", "../rpc?a=b#c HTTP/1.1\r\nX: y/ä", io.BytesIO())
            self.assertTrue(server.heads[0].startswith("GET /results/..%2Frpc%3Fa%3Db%23c%20HTTP%2F1.1%0D%0AX%3A%20y%2F%C3%A4 HTTP/1.1\r\n"), server.heads)
        self.both([error("NOT_FOUND", b"404 Not Found")], use)

    @unittest.skipUnless(socket.has_ipv6, "needs IPv6")
    def test_an_ipv6_literal_keeps_its_brackets(self):
        try:
            socket.create_server(("::1", 0), family=socket.AF_INET6).close()
        except OSError:
            self.skipTest("this machine has no ::1")
        def use(run, server):
            self.assertEqual(run("call", "getStatus", {"jobId": "x"}), 7)
            self.assertIn(f"Host: {server.url[7:]}", server.heads[0])
        self.both([result(7)], use, host="::1")

    def test_a_url_that_is_none_is_refused(self):
        for url in ("http://", "http://?", "ftp://h", "h:80", "http://h/?a=b", "http://h/#a", "http://h:x", "http://u:p@h", ""):
            for client in (Client, AsyncClient):
                with self.subTest(url=url), self.assertRaises(ValueError):
                    client(url)
