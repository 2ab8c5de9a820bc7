from __future__ import annotations

import threading

from hypothesis import given
from hypothesis import strategies as st

from core.budgets import MemoryBreakers, MemoryBudgets
from core.pacing import CLOSED, Breaker, Limit, Observation

LIMIT = Limit(bucket="all", requests=3, seconds=10)


def test_a_bucket_gives_its_requests_and_then_says_how_long_to_wait() -> None:
    budgets = MemoryBudgets()
    assert [budgets.reserve("crm", LIMIT, now) for now in (0.0, 1.0, 2.0)] == [0, 0, 0]
    assert budgets.reserve("crm", LIMIT, 4.0) == 6.0
    assert budgets.reserve("crm", LIMIT, 10.0) == 0


def test_accounts_and_buckets_are_counted_apart() -> None:
    budgets = MemoryBudgets()
    other = Limit(bucket="search", requests=1, seconds=10)
    for _ in range(3):
        budgets.reserve("crm", LIMIT, 0.0)
    assert budgets.reserve("crm", LIMIT, 0.0) > 0
    assert budgets.reserve("mail", LIMIT, 0.0) == 0
    assert budgets.reserve("crm", other, 0.0) == 0


def test_a_bucket_that_the_platform_calls_empty_stays_closed_until_it_resets() -> None:
    budgets = MemoryBudgets()
    budgets.observe("crm", Observation(bucket="all", remaining=0, resets_at=50.0), 1.0)
    assert budgets.reserve("crm", LIMIT, 2.0) == 48.0
    assert budgets.reserve("mail", LIMIT, 2.0) == 0
    assert budgets.reserve("crm", LIMIT, 50.0) == 0


def test_what_remains_or_lies_in_the_past_closes_nothing() -> None:
    budgets = MemoryBudgets()
    budgets.observe("crm", Observation(bucket="all", remaining=1, resets_at=50.0), 1.0)
    budgets.observe("crm", Observation(bucket="all", remaining=0, resets_at=0.5), 1.0)
    assert budgets.reserve("crm", LIMIT, 2.0) == 0


def test_an_earlier_reset_does_not_shorten_a_later_one() -> None:
    budgets = MemoryBudgets()
    budgets.observe("crm", Observation(bucket="all", remaining=0, resets_at=50.0), 1.0)
    budgets.observe("crm", Observation(bucket="all", remaining=0, resets_at=20.0), 1.0)
    assert budgets.reserve("crm", LIMIT, 30.0) == 20.0


@given(
    requests=st.integers(1, 5),
    seconds=st.floats(0.5, 20),
    gaps=st.lists(st.floats(0, 5), max_size=40),
)
def test_no_span_of_a_window_holds_more_calls_than_its_limit(requests: int, seconds: float, gaps: list[float]) -> None:
    budgets, limit, now, taken = MemoryBudgets(), Limit(bucket="b", requests=requests, seconds=seconds), 0.0, []
    for gap in gaps:
        now += gap
        while (wait := budgets.reserve("crm", limit, now)) > 0:
            now += wait
        taken.append(now)
    # Time is counted in floats, so the edge of a window is not exact.
    for first, past in zip(taken, taken[requests:], strict=False):
        assert past - first >= seconds - 1e-6


def test_many_threads_take_no_more_than_there_is() -> None:
    budgets, limit = MemoryBudgets(), Limit(bucket="b", requests=50, seconds=10)
    taken: list[float] = []

    def take() -> None:
        taken.extend(wait for wait in [budgets.reserve("crm", limit, 0.0) for _ in range(20)] if wait == 0)

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 50


def test_breakers_are_kept_by_integration() -> None:
    breakers = MemoryBreakers()
    breakers.save("crm", Breaker(failures=2))
    assert breakers.load("crm") == Breaker(failures=2)
    assert breakers.load("mail") == CLOSED
