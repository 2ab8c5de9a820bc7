"""The record of a call, for the metrics."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(slots=True, kw_only=True)
class CallRecord:
    """One attempt of a call, for the metrics: `path` is the template, `ms` milliseconds, `bytes` of the body.

    `status` is 0 where no reply came. `purpose` is what the caller said it is for (a stream, a check); `rows` is
    filled in by whoever parses the reply.
    """

    number: int
    at: datetime
    method: str
    path: str
    status: int
    disposition: str
    ms: float
    bytes: int
    attempt: int
    purpose: str = ""
    rows: int = 0
