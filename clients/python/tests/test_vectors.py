"""All vectors, by both clients' HTTP. The environment says where they are: see Tests/vectors/serve.py."""
import asyncio
import json
import os
import unittest

from matching import problem
from tally import AsyncClient, Client
from tally.protocol import Request, SSEDecoder


def request(vector):
    asked = vector["request"]
    headers = {"Content-Type": "application/json", "Accept": "application/json", **asked.get("headers", {})}
    body = bytes.fromhex(asked["bodyHex"]) if "bodyHex" in asked else asked["body"].encode() if "body" in asked else None
    return Request(asked["method"], asked["path"], {name: text for name, text in headers.items() if text is not None}, body)


def events(head, body):
    if head.headers.get("content-type", "").startswith("text/event-stream"):
        return list(SSEDecoder().feed(body))
    return [("", line) for line in body.decode().split("\n") if line.strip()]


class Vectors(unittest.TestCase):
    def setUp(self):
        self.server = os.environ["TALLY_VECTORS_SERVER"]
        with open(os.environ["TALLY_VECTORS"]) as file:
            self.vectors = json.load(file)

    def check(self, vector, head, body):
        wrong = problem(vector["response"], head, body, events(head, body))
        self.assertIsNone(wrong, f"{vector['file']}: {vector['name']}")

    def test_threads(self):
        with Client(self.server) as client:
            for vector in self.vectors:
                with self.subTest(vector["name"]):
                    self.check(vector, *client.exchange(request(vector)))
        print(f"python: {len(self.vectors)} vectors")

    def test_asyncio(self):
        async def run():
            async with AsyncClient(self.server) as client:
                for vector in self.vectors:
                    async with client._open(request(vector)) as (head, pieces):
                        body = b"".join([piece async for piece in pieces])
                    with self.subTest(vector["name"]):
                        self.check(vector, head, body)

        asyncio.run(run())
        print(f"python asyncio: {len(self.vectors)} vectors")


if __name__ == "__main__":
    unittest.main()
