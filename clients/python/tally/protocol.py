"""The protocol without I/O: requests to bytes, answers to values, and when a call is sent again."""
from __future__ import annotations

import io
import json
import os
import random
import re
import time
import uuid
from typing import Any, BinaryIO, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple, Union
from urllib.parse import quote, urlsplit

from .errors import ProtocolError, RemoteError, TallyError, remote_error
from .types import StreamItem

Parameters = Union[Dict[str, Any], Sequence[Any], None]

# Calling them twice is as calling them once; submitJob is repeatable by its key. Written by clients/methods.py.
REPEATABLE = frozenset({
    "cancelJob", "deleteJob", "describeInput", "getResult", "getStatus", "listEvents", "listInputs", "listJobs",
    "rpc.discover", "rpc.stats", "streamProgress", "watchJobs",
})
# Seconds for which a broken stream or download, and a call without a timeout, tries to come back.
RECONNECT = 30.0
# Seconds without a byte after which the other end of a stream or download counts as gone: three of the server's heartbeats.
SILENCE = 45.0
# The same of an upload: a server syncs a file before it answers.
UPLOAD_SILENCE = 180.0
# A connection that has stood for so many seconds ends a row of failures, though nothing may have happened that it could tell.
STEADY = 5.0


class Request(NamedTuple):
    """One HTTP request."""

    method: str
    path: str
    headers: Dict[str, str]
    body: Optional[bytes]


class Head(NamedTuple):
    """An HTTP response without its body; names in lower case."""

    status: int
    headers: Dict[str, str]


class Server(NamedTuple):
    """Where a server is."""

    secure: bool
    host: str
    port: int
    prefix: str

    @classmethod
    def of(cls, url: str) -> "Server":
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https"):
            raise ValueError(f"'{url}' is no server's URL: it begins with http:// or https://, as in http://127.0.0.1:8000")
        if not parts.hostname:
            raise ValueError(f"'{url}' names no host, as http://127.0.0.1:8000 does")
        if "?" in url or "#" in url:
            raise ValueError(f"'{url}' has a query or a fragment, which a server's URL can't have")
        if parts.username is not None or parts.password is not None:
            raise ValueError("a server's URL holds no user name and no password: give the token as token=")
        try:
            port = parts.port
        except ValueError:
            raise ValueError(f"'{url}' has a port that is no number from 0 to 65535") from None
        return cls(parts.scheme == "https", parts.hostname, port or (443 if parts.scheme == "https" else 80), parts.path.rstrip("/"))

    @property
    def authority(self) -> str:
        """Host and port as `Host` has them: an IPv6 literal keeps its brackets."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def call(number: Optional[int], method: str, parameters: Parameters) -> Dict[str, Any]:
    """A request object; a notification without a number."""
    message: Dict[str, Any] = {"jsonrpc": "2.0", "method": method}
    if number is not None:
        message["id"] = number
    if parameters is not None:
        message["params"] = parameters
    return message


def post(message: Any, accept: str, token: Optional[str], timeout: Optional[float] = None, cursor: Optional[str] = None) -> Request:
    headers = {"Content-Type": "application/json", "Accept": accept}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    if timeout is not None:
        headers["Tally-Timeout-Ms"] = str(max(1, int(timeout * 1_000)))
    if cursor:
        headers["Last-Event-ID"] = cursor
    return Request("POST", "/rpc", headers, json.dumps(message, separators=(",", ":")).encode())


def download(job: str, token: Optional[str], after: int = 0, tag: Optional[str] = None) -> Request:
    """Asks for a job's answer, or for what follows its first bytes, if it is still the same."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    if after and tag:
        headers.update({"Range": f"bytes={after}-", "If-Range": tag})
    # Percent-encoded, slashes too: an ID is one part of the path.
    return Request("GET", "/results/" + quote(job, safe=""), headers, None)


def upload(name: str, token: Optional[str], replace: bool) -> Request:
    """Sends a file, whose bytes come later."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    headers.update({"Accept": "application/json", **({"If-Match": "*"} if replace else {"If-None-Match": "*"})})
    return Request("PUT", "/files/" + quote(name), headers, None)


class Announced:
    """The bytes of a file that were announced: neither more, where it grows, nor fewer."""

    def __init__(self, file: BinaryIO, length: int) -> None:
        self._file, self._left = file, length

    def read(self, count: int = -1) -> bytes:
        piece = self._file.read(self._left if count < 0 else min(count, self._left))
        if not piece and self._left:
            raise OSError(f"the file is {self._left} bytes shorter than it was")
        self._left -= len(piece)
        return piece


def content(source: Union[bytes, BinaryIO]) -> Tuple[Any, Optional[int]]:
    """What is read for a body, and its bytes; None where that isn't known. Raises TypeError for text."""
    if isinstance(source, (bytes, bytearray, memoryview)):
        # Read piece by piece: a socket's time holds for each.
        return io.BytesIO(source), len(source)
    if isinstance(source, str) or isinstance(source, io.TextIOBase):
        raise TypeError("the content must be bytes or a file opened in binary mode")
    try:
        at = source.tell()
        length = source.seek(0, os.SEEK_END) - at
        source.seek(at)
    except (OSError, AttributeError, ValueError):
        return source, None
    return Announced(source, max(length, 0)), max(length, 0)


class DownloadState:
    """How much of an answer has come, for a connection that breaks."""

    def __init__(self) -> None:
        self.count = 0
        self.tag: Optional[str] = None
        self._failing_since: Optional[float] = None
        self._failures = 0

    def begin(self, head: Head) -> int:
        """Looks at a response; returns the bytes that it will bring. Raises ProtocolError."""
        if self.count and head.status != 206:
            raise ProtocolError("the answer has changed while it was downloaded; begin again")
        length = head.headers.get("content-length", "")
        if head.status not in (200, 206) or not length.isdigit():
            raise ProtocolError(f"HTTP {head.status}, and no answer of a known length")
        self.tag = head.headers.get("etag", self.tag)
        return int(length)

    def took(self, count: int) -> None:
        self.count += count
        self._failures, self._failing_since = 0, None

    def pause_after(self, error: TallyError) -> float:
        """Seconds before the rest is asked for. Raises the error, where that can't help or has gone on for too long."""
        if isinstance(error, RemoteError) and error.status != "UNAVAILABLE" or self.count and not self.tag:
            raise error
        now = time.monotonic()
        self._failing_since = self._failing_since or now
        self._failures += 1
        if now - self._failing_since > RECONNECT:
            raise error
        return pause(error, self._failures)


def keyed(method: str, parameters: Parameters) -> Parameters:
    """A submission gets an idempotency key, so that it may be repeated."""
    if method == "submitJob" and isinstance(parameters, dict) and not parameters.get("idempotencyKey"):
        return {**parameters, "idempotencyKey": str(uuid.uuid4())}
    return parameters


def may_repeat(method: str, parameters: Parameters) -> bool:
    return method in REPEATABLE or (method == "submitJob" and isinstance(parameters, dict) and bool(parameters.get("idempotencyKey")))


def value(head: Head, body: bytes) -> Any:
    """The body as JSON.

    Raises ProtocolError: of a proxy, or of something that is no Tally server.
    """
    try:
        return json.loads(body)
    except ValueError:
        raise ProtocolError(f"HTTP {head.status}, and no JSON: {body[:200]!r}") from None


def result(response: Any) -> Any:
    """A response's result. Raises RemoteError, ProtocolError."""
    if not isinstance(response, dict) or response.get("jsonrpc") != "2.0" or ("result" in response) == ("error" in response):
        raise ProtocolError(f"no JSON-RPC response: {str(response)[:200]}")
    if "error" in response:
        raise remote_error(response["error"])
    return response["result"]


def batch_results(count: int, responses: Any) -> List[Union[Any, RemoteError]]:
    """The results of a batch in the order of its calls; an error stands for the call that it belongs to."""
    if isinstance(responses, dict):
        result(responses)
    by_id = {response.get("id"): response for response in responses if isinstance(response, dict)} if isinstance(responses, list) else {}
    if set(by_id) != set(range(count)):
        raise ProtocolError(f"a batch of {count} calls was answered with the IDs {sorted(map(str, by_id))}")
    found: List[Union[Any, RemoteError]] = []
    for number in range(count):
        try:
            found.append(result(by_id[number]))
        except RemoteError as error:
            found.append(error)
    return found


def again(error: TallyError, attempt: int, repeats: bool, began: float, end: Optional[float]) -> float:
    """Seconds before a call is sent again: while the server is away, until the call's deadline. Raises the error, where that
    can't help."""
    if isinstance(error, RemoteError) and error.status != "UNAVAILABLE":
        raise error
    wait = pause(error, attempt)
    if not repeats or time.monotonic() + wait >= (began + RECONNECT if end is None else end):
        raise error
    return wait


def pause(error: TallyError, attempt: int) -> float:
    """Seconds before the next attempt: doubling, with jitter, and not before the server wants it."""
    wait = min(0.1 * 2 ** min(attempt - 1, 16), 5.0) * random.uniform(0.5, 1)
    return max(wait, getattr(error, "retry_after", None) or 0)


class SSEDecoder:
    """Server-sent events (WHATWG HTML, section 9.2) from pieces of any size: (the event's own ID, data)."""

    def __init__(self, limit: int = 16 << 20):
        self._limit = limit
        self._bytes = b""
        self._data: List[str] = []
        self._id = ""

    def feed(self, piece: bytes) -> Iterator[Tuple[str, str]]:
        self._bytes += piece
        if len(self._bytes) > self._limit:
            raise ProtocolError(f"an event is larger than {self._limit} bytes")
        # A CR at the end may be half of a CR LF.
        *lines, self._bytes = re.split(rb"\r\n|\n|\r(?!\Z)", self._bytes)
        for line in lines:
            event = self._line(line.decode("utf-8", "replace"))
            if event:
                yield event

    def _line(self, line: str) -> Optional[Tuple[str, str]]:
        if not line:
            (data, identity), (self._data, self._id) = (self._data, self._id), ([], "")
            return (identity, "\n".join(data)) if data else None
        name, _, text = line.partition(":")
        text = text[1:] if text.startswith(" ") else text
        if name == "data":
            self._data.append(text)
        elif name == "id" and "\0" not in text:
            self._id = text
        return None


class StreamState:
    """What a stream has told so far: its cursor, whether it is over, and that nothing comes twice."""

    def __init__(self) -> None:
        self.cursor: Optional[str] = None
        self.is_over = False
        # When the connection stood that has served last, by a clock that nobody sets.
        self.opened_at: Optional[float] = None
        self._failures = 0
        self._failing_since = 0.0

    def pause_after(self, error: TallyError) -> float:
        """Seconds before the stream is opened again. Raises the error, where that can't help or has gone on for too long."""
        if isinstance(error, RemoteError) and error.status != "UNAVAILABLE":
            raise error
        now = time.monotonic()
        if self.opened_at is not None and now - self.opened_at >= STEADY:
            self._failures = 0
        self._failing_since = self._failing_since if self._failures else now
        self._failures += 1
        if now - self._failing_since > RECONNECT:
            raise error
        return pause(error, self._failures)

    def item(self, identity: str, text: str) -> Optional[StreamItem]:
        """The element that an event is; None: one that isn't ours."""
        try:
            message = json.loads(text)
        except ValueError:
            raise ProtocolError(f"the stream holds no JSON: {text[:200]}") from None
        if "method" in message:
            if identity and not self._advances(identity):
                return None
            self._failures = 0
            return StreamItem(message.get("params"), None)
        if identity:
            self.cursor = identity
        self._failures = 0
        value = result(message)
        self.is_over = True
        return StreamItem(None, value)

    def _advances(self, identity: str) -> bool:
        """Cursors strictly increase within a job: what a resumed stream repeats is left out."""
        old, new = position(self.cursor), position(identity)
        if old and new and old[0] == new[0] and new[1] <= old[1]:
            return False
        self.cursor = identity
        return True


def position(cursor: Optional[str]) -> Optional[Tuple[str, Tuple[int, int]]]:
    """A cursor's job, and its epoch and sequence."""
    parts = (cursor or "").split(".")
    if len(parts) != 3 or not parts[1].isdigit() or not parts[2].isdigit():
        return None
    return parts[0], (int(parts[1]), int(parts[2]))
