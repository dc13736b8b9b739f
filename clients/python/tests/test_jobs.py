"""Jobs from beginning to end, and streams whose connection breaks."""
import asyncio
import hashlib
import io
import os
import socket
import subprocess
import sys
import threading
import unittest
import uuid

from tally import AsyncClient, Client, ConnectionFailed, DeadlineExceeded, RemoteError
from tally.protocol import SSEDecoder

SERVER = os.environ["TALLY_SERVER"]
EXPECTED = b"Song,Date,Total Number of Plays for Date\n"


class Proxy:
    """Passes connections on to the server, and cuts the first ones after so many bytes of the answer."""

    def __init__(self, cuts):
        self.cuts = list(cuts)
        host, port = SERVER.split("//")[1].split(":")
        self.target = (host, int(port))
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client, self.cuts.pop(0) if self.cuts else None)).start()

    def serve(self, client, cut):
        with client, socket.create_connection(self.target) as server:
            there = threading.Thread(target=self.copy, args=(client, server, None))
            there.start()
            self.copy(server, client, cut)
            there.join()

    def copy(self, source, target, left):
        try:
            while piece := source.recv(65_536):
                if left is not None:
                    piece, left = piece[:left], left - len(piece)
                target.sendall(piece)
                if left is not None and left <= 0:
                    break
        except OSError:
            pass
        finally:
            for side in (source, target):
                try:
                    side.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


class Jobs(unittest.TestCase):
    def output(self):
        return f"python-{uuid.uuid4()}.csv"

    def test_a_job(self):
        with Client(SERVER) as tally:
            job = tally.submit("plays.csv", self.output())
            items = list(tally.progress(job["jobId"]))
            self.assertTrue(items[-1].is_last and not any(item.is_last for item in items[:-1]))
            self.assertEqual(items[-1].result["state"], "succeeded")
            answer = io.BytesIO()
            self.assertEqual(tally.download(job["jobId"], answer), items[-1].result["result"]["bytes"])
            self.assertTrue(answer.getvalue().startswith(EXPECTED))

    def test_a_job_without_an_output(self):
        with Client(SERVER) as tally:
            last = tally.wait(tally.submit("plays.csv")["jobId"])
            self.assertEqual((last["state"], last["published"], "output" in last), ("succeeded", False, False))
            answer = io.BytesIO()
            tally.download(last["jobId"], answer)
            self.assertTrue(answer.getvalue().startswith(EXPECTED))

    def test_a_file_is_uploaded(self):
        name = f"up loads/{uuid.uuid4()} é+%.csv"
        text = b"k,n\na,1\nb,2\na,3\n"
        with Client(SERVER) as tally:
            file = tally.upload(name, text)
            self.assertEqual((file["name"], file["bytes"], file["replaced"]), (name, len(text), False))
            self.assertEqual(file["sha256"], hashlib.sha256(text).hexdigest())
            last = tally.wait(tally.submit(name, groupBy=["k"], aggregates=[{"function": "sum", "column": "n"}])["jobId"])
            answer = io.BytesIO()
            tally.download(last["jobId"], answer)
            self.assertEqual(answer.getvalue(), b"k,sum(n)\na,4\nb,2\n")
            with self.assertRaises(RemoteError) as refused:
                tally.upload(name, io.BytesIO(b"other"))
            self.assertEqual(refused.exception.reason, "FILE_EXISTS")
            self.assertTrue(tally.upload(name, io.BytesIO(b"k\n"), replace=True)["replaced"])
            for text_source in ("k\n", io.StringIO("k\n")):
                with self.assertRaises(TypeError):
                    tally.upload(name, text_source, replace=True)
            # From where it stands.
            source = io.BytesIO(b"skipped" + text)
            source.seek(7)
            self.assertEqual(tally.upload(name, source, replace=True)["sha256"], hashlib.sha256(text).hexdigest())
            # A pipe, whose size nobody knows.
            reader, writer = os.pipe()
            with open(reader, "rb") as source:
                with open(writer, "wb") as sink:
                    sink.write(text)
                self.assertEqual(tally.upload(name, source, replace=True)["bytes"], len(text))

    def test_errors_batch_and_cancel(self):
        with Client(SERVER) as tally:
            waiting = tally.submit("plays.csv", self.output(), startAt="2999-01-01T00:00:00Z")["jobId"]
            first, second = tally.batch([("getStatus", {"jobId": waiting}), ("getStatus", {"jobId": "none"})])
            self.assertEqual(first["state"], "waiting")
            self.assertEqual((second.status, second.reason, second.field), ("NOT_FOUND", "JOB_NOT_FOUND", "jobId"))
            self.assertEqual(tally.cancel(waiting)["state"], "cancelled")
            with self.assertRaises(RemoteError) as caught:
                tally.submit("none.csv", self.output())
            self.assertEqual(caught.exception.reason, "INPUT_NOT_FOUND")
            with self.assertRaises((DeadlineExceeded, RemoteError)) as caught:
                tally.call("streamProgress", {"jobId": tally.submit("plays.csv", self.output(), startAt="2999-01-01T00:00:00Z")["jobId"], "waitMs": 20_000}, timeout=0.2)
            self.assertIn(getattr(caught.exception, "status", "DEADLINE_EXCEEDED"), ("DEADLINE_EXCEEDED",))

    def test_nobody_there(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        with self.assertRaises(ConnectionFailed):
            Client(f"http://127.0.0.1:{port}", timeout=2).status("x")
        with self.assertRaises(ValueError):
            Client("ftp://x")

    def test_a_stream_that_is_cut_anywhere_goes_on(self):
        with Client(SERVER) as tally:
            job = tally.submit("plays.csv", self.output())["jobId"]
            last = tally.wait(job)
        for cut in range(0, 1_200, 7):
            proxy = Proxy([cut])
            try:
                with Client(proxy.url) as tally:
                    items = list(tally.progress(job))
            finally:
                proxy.close()
            self.assertEqual([item.is_last for item in items], [True], f"cut after {cut} bytes")
            self.assertEqual(items[0].result, last)

    def test_events_are_the_same_however_they_are_split(self):
        text = b'retry: 5\r\n\r\nid: a.1.2\r\ndata: {"x":\r\ndata: 1}\r\n\r\n: beat\n\ndata:2\n\ndata: 3\r\n\ndata: 4\r\r\ndata: lost'
        expected = [("a.1.2", '{"x":\n1}'), ("", "2"), ("", "3"), ("", "4")]
        ways = [[text[:cut], text[cut:]] for cut in range(len(text) + 1)] + [[bytes([byte]) for byte in text]]
        for pieces in ways:
            decoder = SSEDecoder()
            self.assertEqual([event for piece in pieces for event in decoder.feed(piece)], expected, pieces)

    def test_asyncio(self):
        async def run():
            async with AsyncClient(SERVER) as tally:
                jobs = await asyncio.gather(*(tally.submit("plays.csv", self.output()) for _ in range(5)))
                ends = await asyncio.gather(*(tally.wait(job["jobId"]) for job in jobs))
                self.assertEqual({end["state"] for end in ends}, {"succeeded"})
                answer = io.BytesIO()
                await tally.download(jobs[0]["jobId"], answer)
                self.assertTrue(answer.getvalue().startswith(EXPECTED))
                with self.assertRaises(RemoteError):
                    await tally.status("none")
                results = await tally.batch([("getStatus", {"jobId": job["jobId"]}) for job in jobs])
                self.assertEqual(results, ends)

        asyncio.run(run())

    def test_the_example(self):
        example = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "example.py")
        done = subprocess.run([sys.executable, example, SERVER], capture_output=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(done.stdout.startswith(EXPECTED))


if __name__ == "__main__":
    unittest.main()
