from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.http import Request
from core.pacing import (
    CLOSED,
    FAILURES_TO_OPEN,
    FIRST_BACKOFF,
    FIRST_OPENING,
    LONGEST_BACKOFF,
    LONGEST_OPENING,
    RETRY_AFTER_FLOOR,
    Breaker,
    Limit,
    RateLimit,
    backoff,
    retry_after,
)

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC).timestamp()


@given(attempt=st.integers(1, 10**9), chance=st.floats(0, 1))
def test_backoff_stays_between_half_its_span_and_its_span(attempt: int, chance: float) -> None:
    wait = backoff(attempt, chance)
    assert FIRST_BACKOFF / 2 <= wait <= LONGEST_BACKOFF
    assert backoff(attempt, 0) <= wait <= backoff(attempt, 1) == 2 * backoff(attempt, 0)


def test_backoff_doubles_until_its_longest() -> None:
    spans = [backoff(attempt, 1) for attempt in range(1, 10)]
    assert spans == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "2.5"}, 2.5),
        ({"retry-after": " 3 "}, 3.0),
        ({"retry-after": "0"}, RETRY_AFTER_FLOOR),
        ({"retry-after": "-5"}, RETRY_AFTER_FLOOR),
        ({"retry-after": "Mon, 23 Nov 2026 12:00:30 GMT"}, 30.0),
        ({"retry-after": "Monday, 23-Nov-26 12:00:30 GMT"}, 30.0),
        ({"retry-after": "Mon Nov 23 12:00:30 2026"}, 30.0),
        ({"retry-after": "Mon, 23 Nov 2026 11:00:00 GMT"}, RETRY_AFTER_FLOOR),
        ({"retry-after": "soon"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "Mon, 99 Nov 2026 99:99:99 GMT"}, None),
        ({"retry-after-ms": "1500"}, 1.5),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after-ms": "soon", "retry-after": "9"}, 9.0),
        ({"retry-after-ms": "0"}, RETRY_AFTER_FLOOR),
    ],
)
def test_what_a_reply_asks_to_wait_is_read_in_every_form(headers: dict[str, str], expected: float | None) -> None:
    assert retry_after(headers, NOW) == pytest.approx(expected)


@given(text=st.text(max_size=40) | st.from_regex(r"[A-Z][a-z]{2}, \d{1,4} [A-Z][a-z]{2} \d{1,6} \d\d:\d\d:\d\d .{3}"))
def test_no_text_of_a_header_is_a_crash_or_less_than_the_floor(text: str) -> None:
    wait = retry_after({"retry-after": text}, NOW)
    assert wait is None or wait >= RETRY_AFTER_FLOOR


@given(seconds=st.integers(1, 10**7))
def test_a_date_means_the_seconds_until_it(seconds: int) -> None:
    date = format_datetime(datetime.fromtimestamp(NOW + seconds, UTC), usegmt=True)
    assert retry_after({"retry-after": date}, NOW) == pytest.approx(seconds)


def test_the_breaker_opens_after_repeated_failures_and_not_before() -> None:
    breaker = CLOSED
    for _ in range(FAILURES_TO_OPEN - 1):
        breaker = breaker.failed(NOW)
        assert breaker.wait(NOW) == 0
    assert breaker.failed(NOW).wait(NOW) == FIRST_OPENING


def test_a_success_forgets_the_failures() -> None:
    assert Breaker(failures=FAILURES_TO_OPEN - 1).succeeded().failed(NOW).wait(NOW) == 0


def test_a_failed_trial_opens_it_again_for_twice_as_long_up_to_an_hour() -> None:
    breaker, lengths, now = Breaker(failures=FAILURES_TO_OPEN - 1), [], NOW
    for _ in range(9):
        breaker = breaker.failed(now)
        lengths.append(breaker.wait(now))
        now += lengths[-1]
        assert breaker.wait(now) == 0
    assert lengths == [30, 60, 120, 240, 480, 960, 1920, LONGEST_OPENING, LONGEST_OPENING]
    assert breaker.succeeded() == CLOSED


def test_no_number_of_openings_overflows() -> None:
    assert Breaker(failures=10**6, openings=10**6).failed(NOW).wait(NOW) == LONGEST_OPENING


def test_a_limit_covers_the_calls_that_its_patterns_name() -> None:
    search = Limit(bucket="search", requests=5, seconds=1, paths=(r"^POST .*/search$",))
    everything = Limit(bucket="all", requests=100, seconds=10)
    rate = RateLimit(limits=(search, everything))
    assert rate.covering(Request(method="POST", path="/objects/{kind}/search")) == (search, everything)
    assert rate.covering(Request(path="/objects/{kind}/search")) == (everything,)
