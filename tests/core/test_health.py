"""What measured values say about an integration."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import (
    BadReply,
    CircuitOpen,
    ComeBackLater,
    CredentialRejected,
    HostNotAllowed,
    IntegrationError,
    PlatformUnavailable,
    QuotaExhausted,
    ScopeMissing,
    SealBroken,
)
from core.health import (
    HealthReading,
    Probe,
    Status,
    circuit,
    credential,
    freshness,
    latency,
    overall,
    reachability,
    span,
)
from core.pacing import CLOSED, Breaker

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LATER = NOW + HOUR
ANSWERED = Probe(ms=80.0)


@pytest.mark.parametrize(
    ("error", "attempts", "status"),
    [
        (None, 1, "healthy"),
        (None, 3, "degraded"),
        (PlatformUnavailable("it failed 5 times"), 5, "unhealthy"),
        (HostNotAllowed("stopped"), 0, "unhealthy"),
        (CredentialRejected("refused"), 1, "healthy"),
        (ScopeMissing("a right is missing"), 1, "healthy"),
        (QuotaExhausted("used up"), 1, "degraded"),
        (ComeBackLater("rate limit", at=LATER), 1, "degraded"),
        (BadReply("no JSON"), 1, "degraded"),
        (CircuitOpen("held back", at=LATER), 0, "unknown"),
        (SealBroken("does not open"), 0, "unknown"),
    ],
)
def test_a_platform_that_answers_is_reachable_whatever_it_says(
    error: IntegrationError | None, attempts: int, status: str
) -> None:
    assert reachability("HubSpot", Probe(error=error, attempts=attempts)).status == status


def test_a_reading_repeats_the_advice_of_its_error() -> None:
    error = PlatformUnavailable("hubspot: it failed 5 times", advice="Usually it passes.")
    assert reachability("HubSpot", Probe(error=error)).message == "hubspot: it failed 5 times. Usually it passes."


@pytest.mark.parametrize(
    ("left", "renews", "status"),
    [
        (None, False, "healthy"),
        (8 * DAY, False, "healthy"),
        (7 * DAY, False, "degraded"),
        (timedelta(0), False, "unhealthy"),
        (-DAY, False, "unhealthy"),
        (HOUR, True, "healthy"),
    ],
)
def test_a_credential_that_does_not_renew_itself_warns_a_week_before_its_end(
    left: timedelta | None, renews: bool, status: str
) -> None:
    expires = None if left is None else NOW + left
    assert credential(ANSWERED, expires_at=expires, refreshable=renews, now=NOW).status == status


def test_a_credential_is_valued_in_days_until_it_expires() -> None:
    reading = credential(ANSWERED, expires_at=NOW + 36 * HOUR, refreshable=False, now=NOW)
    assert (reading.value, reading.unit) == (1.5, "days")
    assert "36 hours" in reading.message


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (CredentialRejected("refused"), "unhealthy"),
        (SealBroken("does not open"), "unhealthy"),
        (ScopeMissing("a right is missing"), "degraded"),
        (PlatformUnavailable("down"), "unknown"),
        (CircuitOpen("held back", at=LATER), "unknown"),
    ],
)
def test_what_the_platform_says_of_the_credential_counts(error: IntegrationError, status: str) -> None:
    assert credential(Probe(error=error), expires_at=None, refreshable=False, now=NOW).status == status


def test_an_expired_credential_is_unhealthy_even_where_the_platform_is_down() -> None:
    down = Probe(error=PlatformUnavailable("down"))
    assert credential(down, expires_at=NOW - DAY, refreshable=False, now=NOW).status == "unhealthy"


@pytest.mark.parametrize(
    ("ms", "usual", "status"),
    [
        (None, None, "unknown"),
        (999.0, None, "healthy"),
        (1000.0, None, "degraded"),
        (5000.0, None, "unhealthy"),
        (450.0, 150.0, "degraded"),
        (449.0, 150.0, "healthy"),
        (299.0, 10.0, "healthy"),
    ],
)
def test_latency_is_judged_by_thresholds_and_by_what_is_usual(
    ms: float | None, usual: float | None, status: str
) -> None:
    assert latency(ms, usual_ms=usual).status == status


@pytest.mark.parametrize(
    ("age", "status"),
    [
        (HOUR, "healthy"),
        (2 * HOUR, "healthy"),
        (2.1 * HOUR, "degraded"),
        (4 * HOUR, "degraded"),
        (5 * HOUR, "unhealthy"),
    ],
)
def test_a_sync_is_late_after_two_intervals_and_very_late_after_four(age: timedelta, status: str) -> None:
    assert freshness(NOW - age, interval=HOUR, now=NOW).status == status


def test_what_was_never_synced_is_unknown() -> None:
    assert freshness(None, interval=HOUR, now=NOW).status == "unknown"


def test_being_late_is_no_fault_of_what_is_synced_on_demand_or_paused() -> None:
    assert freshness(NOW - 90 * DAY, interval=None, now=NOW).status == "healthy"
    assert freshness(NOW - 90 * DAY, interval=HOUR, now=NOW, paused=True).status == "unknown"


def test_an_open_circuit_is_unhealthy_until_a_trial_is_due() -> None:
    now = NOW.timestamp()
    breaker = Breaker(failures=5, openings=1, open_until=now + 30)
    assert circuit(breaker, now).status == "unhealthy"
    assert "30 seconds" in circuit(breaker, now).message
    assert circuit(breaker, now + 31).status == "degraded"
    assert circuit(Breaker(failures=2), now).status == "degraded"
    assert circuit(CLOSED, now).status == "healthy"


STATUSES: tuple[Status, ...] = ("healthy", "degraded", "unhealthy", "unknown")
READINGS = st.lists(
    st.builds(HealthReading, check_name=st.just("a"), status=st.sampled_from(STATUSES), message=st.just(""))
)


@given(READINGS)
def test_the_whole_is_as_bad_as_the_worst_that_is_known(readings: list[HealthReading]) -> None:
    order = ["healthy", "degraded", "unhealthy"]
    known = [order.index(reading.status) for reading in readings if reading.status != "unknown"]
    assert overall(readings) == (order[max(known)] if known else "unknown")


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(seconds=1), "1 second"),
        (timedelta(seconds=119), "119 seconds"),
        (timedelta(minutes=2), "2 minutes"),
        (HOUR, "60 minutes"),
        (36 * HOUR, "36 hours"),
        (3 * DAY, "3 days"),
        (-DAY, "0 seconds"),
    ],
)
def test_lengths_of_time_are_told_as_people_say_them(length: timedelta, text: str) -> None:
    assert span(length) == text
