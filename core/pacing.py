"""How often to ask: rate limits, what replies tell about them, backoff, circuit breaking.

Times are seconds; `now` is seconds since 1970. Whoever keeps the numbers (memory, the state database)
implements `Budgets` and `Breakers`; the rules are here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Final, Protocol

from core.http import Request, Response


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """At most `requests` in any `seconds`, for the calls of one bucket.

    `bucket` names what is counted together. `paths` are the path templates it covers, as regular
    expressions over "METHOD /path/{template}"; empty covers every call. A call may fall under several limits.
    """

    bucket: str
    requests: int
    seconds: float
    paths: tuple[str, ...] = ()

    def covers(self, request: Request) -> bool:
        return not self.paths or any(re.search(p, f"{request.method} {request.path}") for p in self.paths)


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What a reply told of a bucket: calls remaining until `resets_at` (seconds since 1970)."""

    bucket: str
    remaining: int
    resets_at: float


Dialect = Callable[[Request, Response, float], Sequence[Observation]]


def silent(request: Request, response: Response, now: float) -> Sequence[Observation]:
    """The dialect of platforms whose replies tell nothing."""
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """A platform's limits as published, how it tells of them in replies, and how many calls may be in flight."""

    limits: tuple[Limit, ...] = ()
    dialect: Dialect = silent
    concurrency: int = 8

    def covering(self, request: Request) -> tuple[Limit, ...]:
        return tuple(limit for limit in self.limits if limit.covers(request))


class Budgets(Protocol):
    """Keeps the budgets of rate limits. `account` tells apart the credentials that are counted apart."""

    def reserve(self, account: str, limit: Limit, now: float) -> float:
        """Takes one call from the budget and returns 0.0, or takes none and returns the seconds to wait."""

    def observe(self, account: str, observation: Observation, now: float) -> None:
        """Learns what a reply told: a remaining count lower than believed, or a later reset, is believed."""


class Breakers(Protocol):
    """Keeps circuit breakers, so that they survive the process."""

    def load(self, integration: str) -> Breaker: ...

    def save(self, integration: str, breaker: Breaker) -> None: ...


FAILURES_TO_OPEN: Final = 5
FIRST_OPENING: Final = 30.0
LONGEST_OPENING: Final = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """A circuit breaker: closed, open until a time, then half open (one trial decides)."""

    failures: int = 0
    openings: int = 0
    open_until: float = 0.0

    def wait(self, now: float) -> float:
        """Seconds for which calls are held back; 0.0 when closed or half open."""
        return max(0.0, self.open_until - now)

    def failed(self, now: float) -> Breaker:
        """After a call that failed for good (retries included). Each opening lasts twice the last one."""
        failures = self.failures + 1
        if failures < FAILURES_TO_OPEN and not self.openings:
            return Breaker(failures=failures)
        length = min(LONGEST_OPENING, FIRST_OPENING * 2.0 ** min(self.openings, 16))
        return Breaker(failures=failures, openings=self.openings + 1, open_until=now + length)

    def succeeded(self) -> Breaker:
        return CLOSED


CLOSED: Final = Breaker()

FIRST_BACKOFF: Final = 0.5
LONGEST_BACKOFF: Final = 30.0
RETRY_AFTER_FLOOR: Final = 0.1


def backoff(attempt: int, chance: float) -> float:
    """Seconds before retry number `attempt` (from 1): full jitter, doubling; `chance` is in 0..1.

    Source: AWS Architecture Blog, "Exponential Backoff And Jitter". Half the span is kept as a floor, so that
    an unlucky draw is not an immediate retry.
    """
    # The exponent is bounded so that no attempt count overflows.
    span = min(LONGEST_BACKOFF, FIRST_BACKOFF * 2.0 ** min(attempt - 1, 16))
    return span / 2 + span / 2 * chance


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """The seconds that a reply asks to wait, at least RETRY_AFTER_FLOOR; None where it asks nothing readable.

    `retry-after-ms` (OpenAI, Azure), then `Retry-After` in seconds or as a date (RFC 9110, 10.2.3).
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return max(RETRY_AFTER_FLOOR, milliseconds / 1000)
    value = headers.get("retry-after")
    if value is None:
        return None
    seconds = _number(value)
    if seconds is None:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - now
        except (TypeError, ValueError, IndexError):
            return None
    return max(RETRY_AFTER_FLOOR, seconds)


def _number(text: str | None) -> float | None:
    try:
        value = float(text) if text is not None else None
    except ValueError:
        return None
    return value if value is not None and math.isfinite(value) else None
