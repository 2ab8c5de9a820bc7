"""Dialects in which platforms tell, in reply headers, what is left of a rate budget."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, Literal

from core.http import Request, Response
from core.pacing import Dialect, Limit, Observation

ResetForm = Literal["epoch seconds", "seconds", "milliseconds", "duration", "rfc 3339"]

_DURATION: Final = re.compile(r"^(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:([\d.]+)s)?(?:([\d.]+)ms)?$")
_UNITS: Final = (86400.0, 3600.0, 60.0, 1.0, 0.001)


def counted_headers(*, remaining: str, reset: str, form: ResetForm, bucket: Callable[[Request], str]) -> Dialect:
    """One header with the calls remaining and one with the reset, in that form. `bucket` names what they count."""

    def observe(request: Request, response: Response, now: float) -> Sequence[Observation]:
        left, resets = response.headers.get(remaining), response.headers.get(reset)
        if left is None or resets is None:
            return ()
        try:
            return (Observation(bucket=bucket(request), remaining=int(left), resets_at=_instant(resets, form, now)),)
        except ValueError:
            return ()  # A header that cannot be read is no reason to fail a good reply.

    return observe


def per_path(request: Request) -> str:
    """The bucket of platforms that count each path apart: METHOD and path template."""
    return f"{request.method} {request.path}"


def path_limit(call: str, *, requests: int, seconds: float) -> Limit:
    """The limit of one call, "METHOD /path/{template}", in the bucket that `per_path` names."""
    return Limit(bucket=call, requests=requests, seconds=seconds, paths=(f"^{re.escape(call)}$",))


def duration(text: str) -> float:
    """Seconds of a duration such as `6m0s`, `1s`, `120ms` (Go's form). Raises ValueError."""
    found = _DURATION.fullmatch(text)
    if not text or found is None:
        raise ValueError(f"not a duration: {text!r}")
    return sum(float(part) * unit for part, unit in zip(found.groups(), _UNITS, strict=True) if part)


def _instant(text: str, form: ResetForm, now: float) -> float:
    match form:
        case "epoch seconds":
            return float(text)
        case "seconds":
            return now + float(text)
        case "milliseconds":
            return now + float(text) / 1000
        case "duration":
            return now + duration(text)
        case "rfc 3339":
            return datetime.fromisoformat(text).timestamp()
