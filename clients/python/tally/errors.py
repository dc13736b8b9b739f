"""What can go wrong: the server's own errors, and those of the way there."""
from __future__ import annotations

from typing import Any, Dict, Optional


class TallyError(Exception):
    """Any failure of a call."""


class RemoteError(TallyError):
    """The server's error response (docs/protocol.md, "Errors").

    Attributes: `code`, JSON-RPC's number; `status`, gRPC's name such as NOT_FOUND; `reason`, such as JOB_NOT_FOUND; `field`,
    the parameter that is wrong; `retry_after`, in seconds.
    """

    def __init__(self, error: Dict[str, Any]):
        data = error.get("data") or {}
        self.code: int = error["code"]
        self.message: str = error["message"]
        self.status: str = data.get("status", "UNKNOWN")
        self.reason: str = data.get("reason", "")
        self.field: Optional[str] = data.get("field")
        wait = data.get("retryAfterMs")
        self.retry_after: Optional[float] = None if wait is None else wait / 1_000
        super().__init__(f"{self.message} [{self.status} {self.reason}]")


def remote_error(error: Dict[str, Any]) -> RemoteError:
    """The exception of a JSON-RPC error object."""
    found = RemoteError(error)
    return RemoteDeadlineExceeded(error) if found.status == "DEADLINE_EXCEEDED" else found


class ConnectionFailed(TallyError):
    """The server can't be reached, or the connection broke before the answer had come."""


class DeadlineExceeded(TallyError):
    """No answer came within the call's timeout, whichever end has noticed it first."""


class RemoteDeadlineExceeded(RemoteError, DeadlineExceeded):
    """The server's DEADLINE_EXCEEDED: both classes' handlers get it."""


class ProtocolError(TallyError):
    """What came isn't what a Tally server answers."""
