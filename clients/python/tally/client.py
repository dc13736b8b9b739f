"""The client for threads."""
from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from contextlib import contextmanager
from typing import Any, BinaryIO, Callable, Iterator, List, Optional, Sequence, Tuple, TypeVar, Union

from . import protocol
from .errors import ConnectionFailed, DeadlineExceeded, ProtocolError, RemoteError, TallyError
from .protocol import Head, Parameters, Request, Server
from .types import JobStatus, StreamItem, UploadedFile

Value = TypeVar("Value")


class Client:
    """A client of one server. It may be used by many threads; connections are kept and used again.

    >>> with Client("http://127.0.0.1:8000") as tally:
    ...     job = tally.submit("plays.csv", "sums.csv")
    ...     print(tally.wait(job["jobId"])["state"])
    """

    def __init__(self, server: str = "http://127.0.0.1:8000", token: Optional[str] = None, timeout: Optional[float] = 30.0,
                 context: Optional[ssl.SSLContext] = None):
        """`timeout`: seconds for a call that has none of its own; None: as long as it takes."""
        self.server, self.token, self.timeout = Server.of(server), token, timeout
        self._context = context or (ssl.create_default_context() if self.server.secure else None)
        self._idle: List[http.client.HTTPConnection] = []
        self._lock = threading.Lock()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def close(self) -> None:
        """Closes the idle connections. The client may be used again."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    # --- Calls ---

    def call(self, method: str, parameters: Parameters = None, timeout: Optional[float] = None, **named: Any) -> Any:
        """Calls a method and returns its result; parameters by position as a list, by name as a dict or as keywords.

        What may be repeated is sent again when the server is away. Raises RemoteError, ConnectionFailed, DeadlineExceeded,
        ProtocolError.
        """
        parameters = protocol.keyed(method, {**(parameters if isinstance(parameters, dict) else {}), **named} if named else parameters)
        message = protocol.call(1, method, parameters)
        repeats = protocol.may_repeat(method, parameters)
        return self._until(timeout, repeats, lambda left: protocol.result(self._ask(message, left, repeats)))

    def notify(self, method: str, parameters: Parameters = None) -> None:
        """Calls a method and wants no answer."""
        self._exchange(protocol.post(protocol.call(None, method, parameters), "application/json", self.token), self.timeout)

    def batch(self, calls: Sequence[Tuple[str, Parameters]], timeout: Optional[float] = None) -> List[Union[Any, RemoteError]]:
        """Calls methods in one request; returns their results in order, a RemoteError where one failed."""
        calls = [(method, protocol.keyed(method, parameters)) for method, parameters in calls]
        message = [protocol.call(number, method, parameters) for number, (method, parameters) in enumerate(calls)]
        repeats = all(protocol.may_repeat(method, parameters) for method, parameters in calls)
        return self._until(timeout, repeats, lambda left: protocol.batch_results(len(calls), self._ask(message, left, repeats)))

    def stream(self, method: str, parameters: Parameters = None, **named: Any) -> Iterator[StreamItem]:
        """Calls a stream method; yields its events and, last, its result. A broken stream goes on after the last event."""
        return self._stream(method, {**(parameters if isinstance(parameters, dict) else {}), **named} if named else parameters, None)

    def _stream(self, method: str, parameters: Parameters, timeout: Optional[float]) -> Iterator[StreamItem]:
        message = protocol.call(1, method, parameters)
        end = None if timeout is None else time.monotonic() + timeout
        state = protocol.StreamState()
        while not state.is_over:
            try:
                for item in self._stream_once(message, state, end):
                    yield item
                if not state.is_over:
                    raise ConnectionFailed("the stream ended without its final response")
            except (ConnectionFailed, RemoteError) as error:
                wait = state.pause_after(error)
                if end is not None and time.monotonic() + wait >= end:
                    raise self._late() from error
                time.sleep(wait)

    # --- Jobs ---

    def submit(self, input: Union[str, Sequence[str]], output: Optional[str] = None, timeout: Optional[float] = None, **spec: Any) -> JobStatus:
        """Submits a job; `spec` as in docs/protocol.md: groupBy, aggregates, where, idempotencyKey, … Without an output, the
        result is only downloaded."""
        names = input if isinstance(input, str) else list(input)
        return self.call("submitJob", {"input": names, **({} if output is None else {"output": output}), **spec}, timeout)

    def status(self, job: str) -> JobStatus:
        return self.call("getStatus", {"jobId": job})

    def progress(self, job: str) -> Iterator[StreamItem]:
        return self.stream("streamProgress", {"jobId": job})

    def wait(self, job: str, timeout: Optional[float] = None) -> JobStatus:
        """Waits for a job's end, and returns its last status: look at `state`. Raises DeadlineExceeded after `timeout` seconds
        (None: as long as it takes); the job goes on."""
        for item in self._stream("streamProgress", {"jobId": job}, timeout):
            if item.is_last:
                return item.result
        raise ProtocolError("the stream has no result")

    def cancel(self, job: str) -> JobStatus:
        """Asks for a job's end; `wait` tells when its work has stopped."""
        return self.call("cancelJob", {"jobId": job})

    def download(self, job: str, file: BinaryIO, timeout: Optional[float] = None) -> int:
        """Writes a job's answer to a file; returns its bytes. A connection that breaks, or is silent for too long, goes on where
        it stopped. `timeout`: seconds for all of it; None: as long as it takes."""
        end = None if timeout is None else time.monotonic() + timeout
        state = protocol.DownloadState()
        while True:
            try:
                self._download_once(job, file, state, end)
                return state.count
            except (ConnectionFailed, RemoteError) as error:
                wait = state.pause_after(error)
                if end is not None and time.monotonic() + wait >= end:
                    raise self._late() from error
                time.sleep(wait)

    def upload(self, name: str, content: Union[bytes, BinaryIO], replace: bool = False, timeout: Optional[float] = None) -> UploadedFile:
        """Sends a file to the server's data folder, where jobs read it by that name; bytes, or a binary file that is read from where it
        stands to where it ends now. It
        appears when all of it has come. A name that is taken is refused, unless it is to be replaced. Not sent again when the
        connection breaks: nothing of it is kept then. `timeout`: seconds without progress."""
        body, length = protocol.content(content)
        request = protocol.upload(name, self.token, replace)
        connection = self._connection()
        connection.timeout = timeout if timeout is not None else protocol.UPLOAD_SILENCE
        try:
            # What has no size goes in chunks.
            headers = {**request.headers, **({"Transfer-Encoding": "chunked"} if length is None else {"Content-Length": str(length)})}
            try:
                connection.request("PUT", self.server.prefix + request.path, body, headers, encode_chunked=length is None)
            except (BrokenPipeError, ConnectionResetError):
                # A server that refuses says so before it has the whole.
                pass
            response = connection.getresponse()
            head = Head(response.status, {name.lower(): text for name, text in response.getheaders()})
            answer = protocol.value(head, response.read())
        except (OSError, http.client.HTTPException) as error:
            raise self._failure(error) from error
        finally:
            connection.close()
        return answer if head.status in (200, 201) else protocol.result(answer)

    def _download_once(self, job: str, file: BinaryIO, state: protocol.DownloadState, end: Optional[float]) -> None:
        request = protocol.download(job, self.token, state.count, state.tag)
        with self._quiet(end), self._open(request, self._patience(end)) as (head, response):
            if head.status not in (200, 206):
                protocol.result(protocol.value(head, self._reading(lambda: response.read(1 << 20))))
            left = state.begin(head)
            while left:
                self._be_patient(response, end)
                piece = self._reading(lambda: response.read1(1 << 16))
                if not piece:
                    raise ConnectionFailed(f"{self.server.authority}: the answer ended {left} bytes early")
                file.write(piece)
                left -= len(piece)
                state.took(len(piece))
            self._reading(response.read)

    # --- HTTP ---

    def exchange(self, request: Request, timeout: Optional[float] = None) -> Tuple[Head, bytes]:
        """One HTTP request as it is, and its whole answer."""
        return self._exchange(request, timeout if timeout is not None else self.timeout)

    def _until(self, timeout: Optional[float], repeats: bool, body: Callable[[Optional[float]], Value]) -> Value:
        timeout = timeout if timeout is not None else self.timeout
        began = time.monotonic()
        end = None if timeout is None else began + timeout
        attempt = 0
        while True:
            attempt += 1
            try:
                return body(None if end is None else end - time.monotonic())
            except (ConnectionFailed, RemoteError) as error:
                time.sleep(protocol.again(error, attempt, repeats, began, end))

    def _ask(self, message: Any, timeout: Optional[float], repeats: bool) -> Any:
        head, body = self._exchange(protocol.post(message, "application/json", self.token, timeout), timeout, repeats)
        return protocol.value(head, body)

    def _exchange(self, request: Request, timeout: Optional[float], repeats: bool = False) -> Tuple[Head, bytes]:
        # The server answers at the deadline; the little more is for its answer's way.
        end = None if timeout is None else time.monotonic() + timeout + 0.5
        with self._open(request, None if timeout is None else timeout + 0.5, repeats) as (head, response):
            pieces = []
            while True:
                if end is not None:
                    # Of the whole answer: the socket's own limit is one of each piece.
                    self._limit(response, end - time.monotonic())
                piece = self._reading(lambda: response.read1(1 << 20))
                if not piece:
                    if response.length:
                        raise ConnectionFailed(f"{self.server.authority}: the answer ended {response.length} bytes early")
                    # Only this tells http.client that it is over, and the connection free.
                    self._reading(response.read)
                    return head, b"".join(pieces)
                pieces.append(piece)

    def _stream_once(self, message: Any, state: protocol.StreamState, end: Optional[float]) -> Iterator[StreamItem]:
        request = protocol.post(message, "text/event-stream", self.token, cursor=state.cursor)
        state.opened_at = None
        with self._quiet(end):
            yield from self._items(request, state, end)

    @contextmanager
    def _quiet(self, end: Optional[float]) -> Iterator[None]:
        """Of a stream or download, whose connection is limited in its silence and by the caller's deadline."""
        try:
            yield
        except DeadlineExceeded as error:
            if isinstance(error, RemoteError) or (end is not None and time.monotonic() >= end):
                raise
            raise ConnectionFailed(f"{self.server.authority}: no byte in {protocol.SILENCE} s") from error

    def _patience(self, end: Optional[float]) -> float:
        """Seconds that the next byte may take. Raises DeadlineExceeded."""
        left = protocol.SILENCE if end is None else end - time.monotonic()
        if left <= 0:
            raise self._late()
        return min(left, protocol.SILENCE)

    def _be_patient(self, response: http.client.HTTPResponse, end: Optional[float]) -> None:
        if end is not None:
            self._limit(response, self._patience(end))

    def _limit(self, response: http.client.HTTPResponse, seconds: float) -> None:
        if seconds <= 0:
            raise self._late()
        try:
            response.fp.raw._sock.settimeout(seconds)  # type: ignore[union-attr]
        except AttributeError:
            # All of it has come.
            pass

    def _late(self) -> DeadlineExceeded:
        return DeadlineExceeded(f"{self.server.authority} didn't answer in time")

    def _items(self, request: Request, state: protocol.StreamState, end: Optional[float]) -> Iterator[StreamItem]:
        with self._open(request, self._patience(end)) as (head, response):
            if not head.headers.get("content-type", "").startswith("text/event-stream"):
                protocol.result(protocol.value(head, self._reading(response.read)))
                raise ProtocolError("the answer is no stream")
            state.opened_at = time.monotonic()
            decoder = protocol.SSEDecoder()
            while True:
                self._be_patient(response, end)
                piece = self._reading(lambda: response.read1(1 << 16))
                if not piece:
                    return
                for identity, text in decoder.feed(piece):
                    item = state.item(identity, text)
                    if item:
                        yield item
                    if state.is_over:
                        return

    @contextmanager
    def _open(self, request: Request, timeout: Optional[float], repeats: bool = True) -> Iterator[Tuple[Head, http.client.HTTPResponse]]:
        connection, response = self._send(request, timeout, repeats)
        head = Head(response.status, {name.lower(): text for name, text in response.getheaders()})
        try:
            # http.client takes a head that was cut for a whole one.
            if head.status == 200 and not {"content-length", "transfer-encoding"} & set(head.headers):
                raise ConnectionFailed("the connection broke in the answer's head")
            yield head, response
        finally:
            if response.isclosed() and not response.will_close:
                with self._lock:
                    self._idle.append(connection)
            else:
                connection.close()

    def _send(self, request: Request, timeout: Optional[float], repeats: bool) -> Tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        while True:
            # What may not be repeated has a connection of its own: an idle one may have been closed meanwhile, and whether the
            # server had read the request by then isn't known.
            with self._lock:
                connection = self._idle.pop() if self._idle and repeats else None
            is_used = connection is not None
            connection = connection or self._connection()
            connection.timeout = timeout
            if connection.sock:
                connection.sock.settimeout(timeout)
            try:
                connection.putrequest(request.method, self.server.prefix + request.path, skip_accept_encoding=True, skip_host="Host" in request.headers)
                for name, text in request.headers.items():
                    connection.putheader(name, text)
                if request.body is not None:
                    connection.putheader("Content-Length", str(len(request.body)))
                connection.endheaders(request.body)
                return connection, connection.getresponse()
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError) as error:
                connection.close()
                if not is_used:
                    raise ConnectionFailed(f"{self.server.authority}: {error}") from error
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                raise self._failure(error) from error

    def _connection(self) -> http.client.HTTPConnection:
        if self.server.secure:
            return http.client.HTTPSConnection(self.server.host, self.server.port, context=self._context)
        return http.client.HTTPConnection(self.server.host, self.server.port)

    def _reading(self, read: Callable[[], bytes]) -> bytes:
        try:
            return read()
        except (OSError, http.client.HTTPException) as error:
            raise self._failure(error) from error

    def _failure(self, error: Exception) -> TallyError:
        if isinstance(error, socket.timeout):
            return self._late()
        return ConnectionFailed(f"{self.server.authority}: {error}")
