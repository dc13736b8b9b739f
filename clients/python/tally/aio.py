"""The client for asyncio."""
from __future__ import annotations

import asyncio
import ssl
import time
from contextlib import asynccontextmanager, contextmanager
from typing import Any, AsyncIterator, Awaitable, BinaryIO, Callable, Iterator, List, Optional, Sequence, Tuple, Union

from . import protocol
from .errors import ConnectionFailed, DeadlineExceeded, ProtocolError, RemoteError
from .protocol import Head, Parameters, Request, Server
from .types import JobStatus, StreamItem

_LINE_MOST = 64 << 10


class AsyncClient:
    """A client of one server for asyncio. Each call has a connection of its own.

    >>> async with AsyncClient("http://127.0.0.1:8000") as tally:
    ...     job = await tally.submit("plays.csv", "sums.csv")
    ...     print((await tally.wait(job["jobId"]))["state"])
    """

    def __init__(self, server: str = "http://127.0.0.1:8000", token: Optional[str] = None, timeout: Optional[float] = 30.0,
                 context: Optional[ssl.SSLContext] = None):
        """`timeout`: seconds for a call that has none of its own; None: as long as it takes."""
        self.server, self.token, self.timeout = Server.of(server), token, timeout
        self._context = context or (ssl.create_default_context() if self.server.secure else None)

    async def __aenter__(self) -> "AsyncClient":
        return self

    async def __aexit__(self, *_: Any) -> None:
        pass

    # --- Calls ---

    async def call(self, method: str, parameters: Parameters = None, timeout: Optional[float] = None, **named: Any) -> Any:
        """Calls a method and returns its result; as `Client.call`."""
        parameters = protocol.keyed(method, {**(parameters if isinstance(parameters, dict) else {}), **named} if named else parameters)
        message = protocol.call(1, method, parameters)

        async def ask(left: Optional[float]) -> Any:
            return protocol.result(await self._ask(message, left))

        return await self._until(timeout, protocol.may_repeat(method, parameters), ask)

    async def batch(self, calls: Sequence[Tuple[str, Parameters]], timeout: Optional[float] = None) -> List[Union[Any, RemoteError]]:
        """Calls methods in one request; returns their results in order, a RemoteError where one failed."""
        calls = [(method, protocol.keyed(method, parameters)) for method, parameters in calls]
        message = [protocol.call(number, method, parameters) for number, (method, parameters) in enumerate(calls)]

        async def ask(left: Optional[float]) -> Any:
            return protocol.batch_results(len(calls), await self._ask(message, left))

        return await self._until(timeout, all(protocol.may_repeat(method, parameters) for method, parameters in calls), ask)

    async def stream(self, method: str, parameters: Parameters = None, **named: Any) -> AsyncIterator[StreamItem]:
        """Calls a stream method; yields its events and, last, its result. A broken stream goes on after the last event."""
        message = protocol.call(1, method, {**(parameters if isinstance(parameters, dict) else {}), **named} if named else parameters)
        state = protocol.StreamState()
        while not state.is_over:
            try:
                async for item in self._stream_once(message, state):
                    yield item
                if not state.is_over:
                    raise ConnectionFailed("the stream ended without its final response")
            except (ConnectionFailed, RemoteError) as error:
                await asyncio.sleep(state.pause_after(error))

    # --- Jobs ---

    async def submit(self, input: Union[str, Sequence[str]], output: Optional[str] = None, timeout: Optional[float] = None, **spec: Any) -> JobStatus:
        names = input if isinstance(input, str) else list(input)
        return await self.call("submitJob", {"input": names, **({} if output is None else {"output": output}), **spec}, timeout)

    async def status(self, job: str) -> JobStatus:
        return await self.call("getStatus", {"jobId": job})

    def progress(self, job: str) -> AsyncIterator[StreamItem]:
        return self.stream("streamProgress", {"jobId": job})

    async def wait(self, job: str, timeout: Optional[float] = None) -> JobStatus:
        """Waits for a job's end, and returns its last status: look at `state`. Raises DeadlineExceeded after `timeout` seconds
        (None: as long as it takes); the job goes on."""
        async def last() -> JobStatus:
            async for item in self.progress(job):
                if item.is_last:
                    return item.result
            raise ProtocolError("the stream has no result")

        return await self._within(timeout, last())

    async def cancel(self, job: str) -> JobStatus:
        return await self.call("cancelJob", {"jobId": job})

    async def download(self, job: str, file: BinaryIO, timeout: Optional[float] = None) -> int:
        """Writes a job's answer to a file; returns its bytes. A connection that breaks, or is silent for too long, goes on where
        it stopped. `timeout`: seconds for all of it; None: as long as it takes."""
        state = protocol.DownloadState()

        async def whole() -> int:
            while True:
                try:
                    await self._download_once(job, file, state)
                    return state.count
                except (ConnectionFailed, RemoteError) as error:
                    await asyncio.sleep(state.pause_after(error))

        return await self._within(timeout, whole())

    async def _download_once(self, job: str, file: BinaryIO, state: protocol.DownloadState) -> None:
        async with self._open(protocol.download(job, self.token, state.count, state.tag)) as (head, pieces):
            if head.status not in (200, 206):
                protocol.result(protocol.value(head, b"".join([piece async for piece in pieces])))
            state.begin(head)
            async for piece in pieces:
                file.write(piece)
                state.took(len(piece))

    # --- HTTP ---

    async def _until(self, timeout: Optional[float], repeats: bool, body: Callable[[Optional[float]], Awaitable[Any]]) -> Any:
        timeout = timeout if timeout is not None else self.timeout
        began = time.monotonic()
        end = None if timeout is None else began + timeout
        attempt = 0
        while True:
            attempt += 1
            left = None if end is None else end - time.monotonic()
            try:
                # The server answers at the deadline; the little more is for its answer's way.
                return await self._within(None if left is None else left + 0.5, body(left))
            except (ConnectionFailed, RemoteError) as error:
                await asyncio.sleep(protocol.again(error, attempt, repeats, began, end))

    async def _within(self, timeout: Optional[float], work: Awaitable[Any]) -> Any:
        try:
            return await asyncio.wait_for(work, timeout)
        except asyncio.TimeoutError:
            raise DeadlineExceeded(f"{self.server.authority} didn't answer in time") from None

    async def _ask(self, message: Any, timeout: Optional[float]) -> Any:
        # As long as the call may take: what is computed meanwhile sends no byte.
        async with self._open(protocol.post(message, "application/json", self.token, timeout), silence=None) as (head, pieces):
            return protocol.value(head, b"".join([piece async for piece in pieces]))

    async def _stream_once(self, message: Any, state: protocol.StreamState) -> AsyncIterator[StreamItem]:
        request = protocol.post(message, "text/event-stream", self.token, cursor=state.cursor)
        state.opened_at = None
        async with self._open(request) as (head, pieces):
            if not head.headers.get("content-type", "").startswith("text/event-stream"):
                protocol.result(protocol.value(head, b"".join([piece async for piece in pieces])))
                raise ProtocolError("the answer is no stream")
            state.opened_at = time.monotonic()
            decoder = protocol.SSEDecoder()
            async for piece in pieces:
                for identity, text in decoder.feed(piece):
                    item = state.item(identity, text)
                    if item:
                        yield item
                    if state.is_over:
                        return

    @asynccontextmanager
    async def _open(self, request: Request, silence: Optional[float] = protocol.SILENCE) -> AsyncIterator[Tuple[Head, AsyncIterator[bytes]]]:
        """`silence`: seconds that a byte of the answer may take; None: as long as the caller waits."""
        where = self.server.authority
        try:
            reader, writer = await asyncio.wait_for(
                asyncio.open_connection(self.server.host, self.server.port, ssl=self._context, limit=_LINE_MOST), protocol.SILENCE)
        except (OSError, asyncio.TimeoutError) as error:
            raise ConnectionFailed(f"{where}: {error or 'no connection in time'}") from error
        try:
            # What fails in the caller's own block isn't the connection's failure: only these steps are.
            with _failing(where):
                writer.write(_request_bytes(request, self.server))
                await writer.drain()
                head = await asyncio.wait_for(_head(reader), silence)
            yield head, _failing_pieces(where, _body(reader, head, silence))
        finally:
            writer.close()


@contextmanager
def _failing(where: str) -> Iterator[None]:
    """Errors of a connection become ConnectionFailed."""
    try:
        yield
    except asyncio.TimeoutError:
        raise ConnectionFailed(f"{where}: no byte in {protocol.SILENCE} s") from None
    except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError) as error:
        raise ConnectionFailed(f"{where}: {error or type(error).__name__}") from error


async def _failing_pieces(where: str, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    while True:
        with _failing(where):
            try:
                piece = await pieces.__anext__()
            except StopAsyncIteration:
                return
        yield piece


def _request_bytes(request: Request, server: Server) -> bytes:
    headers = {"Host": server.authority, "Connection": "close", **request.headers}
    if request.body is not None:
        headers["Content-Length"] = str(len(request.body))
    for name, text in headers.items():
        if "\r" in name + text or "\n" in name + text:
            raise ValueError(f"the header {name} holds a line end")
    lines = [f"{request.method} {server.prefix}{request.path} HTTP/1.1", *(f"{name}: {text}" for name, text in headers.items())]
    return "\r\n".join(lines).encode("utf-8") + b"\r\n\r\n" + (request.body or b"")


async def _head(reader: asyncio.StreamReader) -> Head:
    while True:
        words = (await reader.readuntil(b"\r\n")).decode("latin-1").split(" ", 2)
        headers = {}
        while (line := (await reader.readuntil(b"\r\n")).decode("latin-1").rstrip("\r\n")):
            name, _, text = line.partition(":")
            headers[name.strip().lower()] = text.strip()
        if not words[0].startswith("HTTP/1."):
            raise ValueError("the answer isn't HTTP/1.1")
        if int(words[1]) >= 200:
            return Head(int(words[1]), headers)


async def _body(reader: asyncio.StreamReader, head: Head, silence: Optional[float]) -> AsyncIterator[bytes]:
    """The body in pieces: chunked, of a known length, or up to the connection's end."""
    if head.status in (204, 304):
        return
    if head.headers.get("transfer-encoding", "").lower() == "chunked":
        while size := int((await asyncio.wait_for(reader.readuntil(b"\r\n"), silence)).split(b";")[0], 16):
            async for piece in _exactly(reader, size, silence):
                yield piece
            await reader.readexactly(2)
    elif "content-length" in head.headers:
        async for piece in _exactly(reader, int(head.headers["content-length"]), silence):
            yield piece
    else:
        while piece := await asyncio.wait_for(reader.read(1 << 16), silence):
            yield piece


async def _exactly(reader: asyncio.StreamReader, left: int, silence: Optional[float]) -> AsyncIterator[bytes]:
    while left:
        piece = await asyncio.wait_for(reader.read(min(left, 1 << 16)), silence)
        if not piece:
            raise asyncio.IncompleteReadError(b"", left)
        left -= len(piece)
        yield piece
