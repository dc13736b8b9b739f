"""The shapes of docs/protocol.md, for type checkers."""
from __future__ import annotations

from typing import Any, Dict, NamedTuple, Optional, TypedDict


class Progress(TypedDict, total=False):
    phase: str
    bytesRead: int
    bytesTotal: int
    rows: int
    groups: int
    bytesSpilled: int
    badRows: int
    rowsPerSecond: int
    secondsLeft: int


class JobResult(TypedDict, total=False):
    output: str
    bytes: int
    rows: int
    sha256: str
    url: str
    rejects: str


class UploadedFile(TypedDict):
    name: str
    bytes: int
    sha256: str
    replaced: bool


class JobFailure(TypedDict, total=False):
    status: str
    reason: str
    message: str
    file: str
    line: int
    column: int
    attempt: int


class _Status(TypedDict):
    jobId: str
    state: str
    input: str
    createdAt: str
    epoch: int
    attempts: int
    rescues: int
    progress: Progress
    published: bool


class JobStatus(_Status, total=False):
    output: str
    startedAt: str
    finishedAt: str
    result: JobResult
    error: JobFailure


class Event(TypedDict, total=False):
    cursor: str
    gap: bool
    status: JobStatus


class StreamItem(NamedTuple):
    """An element of a stream: an event, or, last and once, the result."""

    event: Optional[Dict[str, Any]]
    result: Optional[Any]

    @property
    def is_last(self) -> bool:
        return self.event is None
