"""Rules of health: what a few measured values say about an integration, as sentences for the person who can act.

Each rule makes one reading; `overall` sums them up. Nothing here measures: times and results are given.
The thresholds are ours, chosen so that a normal day of a normal platform reads healthy.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias

from core.errors import (
    CredentialError,
    HostNotAllowed,
    IntegrationError,
    PlatformUnavailable,
    ScopeMissing,
)
from core.pacing import FAILURES_TO_OPEN, Breaker

Status: TypeAlias = Literal["healthy", "degraded", "unhealthy", "unknown"]

SLOW_MS: Final = 1_000.0
VERY_SLOW_MS: Final = 5_000.0
SLOWER_THAN_USUAL: Final = 3.0
"""So many times the usual latency is degraded, above a floor under which nobody would notice."""
NOTICEABLE_MS: Final = 300.0
EXPIRES_SOON: Final = timedelta(days=7)
LATE_INTERVALS: Final = 2.0
VERY_LATE_INTERVALS: Final = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthReading:
    """One check's result. `value` is in `unit` (ms, hours, days, attempts, failures); None: nothing was measured."""

    check_name: str
    status: Status
    value: float | None = None
    unit: str = ""
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What came of asking the platform who the credential belongs to.

    `error` is None where it answered well. `ms` is what the last answered call took, waits not counted. `attempts`
    counts the calls that failed, and the one that did not; 0 where none left.
    """

    error: IntegrationError | None = None
    ms: float | None = None
    attempts: int = 1


def reachability(title: str, probe: Probe) -> HealthReading:
    """Whether the platform answers, whatever it says. `title` is the platform's."""
    status, message = _reached(title, probe)
    return _reading("reachability", status, float(probe.attempts), "attempts", message)


def _reached(title: str, probe: Probe) -> tuple[Status, str]:
    error = probe.error
    if isinstance(error, PlatformUnavailable | HostNotAllowed):
        return "unhealthy", _told(error)
    if error is not None and probe.attempts == 0:
        return "unknown", f"{title} was not asked: {_told(error)}"
    if error is not None and not isinstance(error, CredentialError):
        return "degraded", _told(error)
    if probe.attempts > 1:
        return "degraded", f"{title} answers, but only at attempt {probe.attempts}."
    return "healthy", f"{title} answers."


def credential(probe: Probe, *, expires_at: datetime | None, refreshable: bool, now: datetime) -> HealthReading:
    """Whether the platform accepts the credential, and for how long. `value`: days until it expires."""
    left = None if expires_at is None else expires_at - now
    days = None if left is None else left / timedelta(days=1)
    status, message = _credential_status(probe, left, refreshable)
    return _reading("credential", status, days, "days" if days is not None else "", message)


def _credential_status(probe: Probe, left: timedelta | None, refreshable: bool) -> tuple[Status, str]:
    error = probe.error
    if isinstance(error, ScopeMissing):
        return "degraded", _told(error)
    if isinstance(error, CredentialError):
        return "unhealthy", _told(error)
    if left is not None and not refreshable:
        if left <= timedelta(0):
            return "unhealthy", "The credential has expired and cannot renew itself. Connect the integration again."
        if left <= EXPIRES_SOON:
            ends = f"The credential expires in {span(left)} and cannot renew itself."
            return "degraded", f"{ends} Connect the integration again before."
    if error is not None and probe.attempts == 0:
        return "unknown", f"The credential was not tried: {_told(error)}"
    if error is not None:
        return "unknown", "The platform gave no verdict on the credential this time."
    if left is None:
        return "healthy", "The platform accepts the credential, which does not expire by itself."
    if refreshable:
        return "healthy", "The platform accepts the credential, which renews itself."
    return "healthy", f"The platform accepts the credential, which is good for {span(left)} more."


def latency(ms: float | None, *, usual_ms: float | None = None) -> HealthReading:
    """How long the probe took, against fixed thresholds and against what is usual, in milliseconds."""
    if ms is None:
        return _reading("latency", "unknown", None, "ms", "No call was answered, so none was timed.")
    took = f"The platform answered within {ms:.0f} ms"
    if ms >= VERY_SLOW_MS:
        return _reading("latency", "unhealthy", ms, "ms", f"{took}: syncs will be very slow. See its status page.")
    if ms >= SLOW_MS:
        return _reading("latency", "degraded", ms, "ms", f"{took}: syncs take longer than they should.")
    if usual_ms is not None and ms >= NOTICEABLE_MS and ms >= SLOWER_THAN_USUAL * usual_ms:
        return _reading("latency", "degraded", ms, "ms", f"{took}, where {usual_ms:.0f} ms are usual.")
    return _reading("latency", "healthy", ms, "ms", f"{took}.")


def freshness(
    last_success: datetime | None, *, interval: timedelta | None, now: datetime, paused: bool = False
) -> HealthReading:
    """The age of the last complete sync, in hours, against the schedule's interval (None: synced on demand).

    `paused`: a person stopped the schedule, so being late is no fault.
    """
    if last_success is None:
        return _reading("freshness", "unknown", None, "hours", "It has never been synced completely.")
    age = now - last_success
    hours, told = age / timedelta(hours=1), f"The last complete sync was {span(age)} ago"
    if paused:
        return _reading("freshness", "unknown", hours, "hours", f"{told}; the integration is paused.")
    if not interval:
        return _reading("freshness", "healthy", hours, "hours", f"{told}; it is synced on demand.")
    late = age / interval
    plan = f"it should be synced every {span(interval)}"
    if late > VERY_LATE_INTERVALS:
        return _reading(
            "freshness", "unhealthy", hours, "hours", f"{told}; {plan}. Look at its last error, and whether `up` runs."
        )
    if late > LATE_INTERVALS:
        return _reading("freshness", "degraded", hours, "hours", f"{told}; {plan}.")
    return _reading("freshness", "healthy", hours, "hours", f"{told}.")


def circuit(breaker: Breaker, now: float) -> HealthReading:
    """Whether calls are held back after repeated failures. `now` in seconds since 1970, `value`: failures."""
    failures, wait = float(breaker.failures), breaker.wait(now)
    if wait > 0:
        held = f"Calls are held back for {span(timedelta(seconds=wait))} more, because the platform kept failing."
        return _reading("circuit", "unhealthy", failures, "failures", f"{held} It is tried again by itself then.")
    if breaker.openings:
        message = "Calls were held back after repeated failures; the next one decides whether they flow again."
        return _reading("circuit", "degraded", failures, "failures", message)
    if breaker.failures:
        message = f"{breaker.failures} calls failed in a row; after {FAILURES_TO_OPEN} they are held back for a while."
        return _reading("circuit", "degraded", failures, "failures", message)
    return _reading("circuit", "healthy", 0.0, "failures", "Calls flow.")


def overall(readings: Iterable[HealthReading]) -> Status:
    """The worst that is known; unknown only where nothing is known."""
    found = {reading.status for reading in readings}
    for status in _WORST_FIRST:
        if status in found:
            return status
    return "unknown"


def span(length: timedelta) -> str:
    """A length of time as people say it: `40 seconds`, `3 hours`, `12 days`."""
    seconds = max(0.0, length.total_seconds())
    for unit, size in _UNITS:
        # Below two of a unit the next smaller one says more: 36 hours, not 2 days.
        if seconds >= 2 * size or size == 1:
            count = round(seconds / size)
            return f"{count} {unit}{'' if count == 1 else 's'}"
    raise AssertionError("the smallest unit takes any length")


_WORST_FIRST: Final[tuple[Status, ...]] = ("unhealthy", "degraded", "healthy")
_UNITS: Final = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))


def _told(error: IntegrationError) -> str:
    said = str(error).rstrip(".")
    return f"{said}. {error.advice}".strip()


def _reading(check_name: str, status: Status, value: float | None, unit: str, message: str) -> HealthReading:
    return HealthReading(check_name=check_name, status=status, value=value, unit=unit, message=message)
