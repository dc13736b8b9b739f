"""A client of the Tally server, by the standard library alone: `Client` for threads, `AsyncClient` for asyncio."""
from .aio import AsyncClient
from .client import Client
from .errors import ConnectionFailed, DeadlineExceeded, ProtocolError, RemoteError, TallyError
from .types import Event, JobStatus, StreamItem

__all__ = [
    "AsyncClient", "Client", "ConnectionFailed", "DeadlineExceeded", "Event", "JobStatus", "ProtocolError",
    "RemoteError", "StreamItem", "TallyError",
]
