"""Budgets that processes share: never more than the limit, over all of them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from core.budgets import Window
from core.pacing import CLOSED, Breaker, Limit, Observation
from storage.state.breakers import SqlBreakers
from storage.state.budgets import SqlBudgets
from storage.state.engine import State
from tests.states import new_state

START = 1_770_000_000.0
LIMIT = Limit(bucket="all", requests=100, seconds=10)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> State:
    return new_state(tmp_path_factory.mktemp("budgets") / "state.db")


@pytest.fixture
def state(tmp_path: Path) -> State:
    return new_state(tmp_path / "state.db")


@pytest.fixture
def owner(state: State) -> str:
    return state.ensure_owner()


def most_in_any(seconds: float, times: list[float]) -> int:
    times = sorted(times)
    return max((sum(1 for time in times if begin <= time < begin + seconds) for begin in times), default=0)


runs = st.lists(st.tuples(st.integers(0, 2), st.floats(0, 3), st.integers(1, 30)), max_size=25)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(requests=st.integers(1, 40), seconds=st.sampled_from([0.5, 1, 7, 60]), runs=runs, account=st.uuids())
def test_no_span_of_a_window_holds_more_calls_than_the_limit_over_all_processes(
    shared: State, requests: int, seconds: float, runs: list[tuple[int, float, int]], account: Any
) -> None:
    owner = shared.ensure_owner()
    workers = [SqlBudgets(shared, owner) for _ in range(3)]
    limit = Limit(bucket="b", requests=requests, seconds=seconds)
    now = START
    made: list[float] = []
    for worker, gap, calls in runs:
        now += gap * seconds / 4
        for _ in range(calls):
            if workers[worker].reserve(str(account), limit, now) == 0:
                made.append(now)
            now += seconds / 1000
    assert most_in_any(seconds, made) <= requests


def test_who_waits_as_told_is_let_through_then(state: State, owner: str) -> None:
    budgets, now = SqlBudgets(state, owner), START
    made: list[float] = []
    while len(made) < 350:
        wait = budgets.reserve("crm", LIMIT, now)
        if wait == 0:
            made.append(now)
        now += wait
    assert most_in_any(10, made) == 100
    assert now - START < 3 * 10 * (1 + 2 / 32), "the window is longer than asked by a span or two at most"


def test_a_slow_worker_loses_no_calls_to_batches_it_does_not_use(state: State, owner: str) -> None:
    budgets, now = SqlBudgets(state, owner), START
    for _ in range(400):
        assert budgets.reserve("crm", LIMIT, now) == 0
        now += 0.11


def test_two_workers_get_what_one_alone_would_get(state: State, owner: str) -> None:
    workers, now, made = [SqlBudgets(state, owner) for _ in range(2)], START, 0
    while now < START + 60:
        for worker in workers:
            made += worker.reserve("crm", LIMIT, now) == 0
        now += 0.02
    assert made >= 500


def test_a_call_usually_costs_no_write(state: State, owner: str) -> None:
    budgets, writes = SqlBudgets(state, owner), []
    event.listen(state.engine, "before_cursor_execute", lambda *about: writes.append(about[2][:6]))
    plenty = Limit(bucket="all", requests=10_000, seconds=10)
    for step in range(1000):
        assert budgets.reserve("crm", plenty, START + step / 1000) == 0
    assert writes.count("UPDATE") <= 50


def test_waiting_asks_the_database_once(state: State, owner: str) -> None:
    budgets, limit = SqlBudgets(state, owner), Limit(bucket="all", requests=1, seconds=10)
    budgets.reserve("crm", limit, START)
    assert budgets.reserve("crm", limit, START) > 0
    statements: list[str] = []
    event.listen(state.engine, "before_cursor_execute", lambda *about: statements.append(about[2]))
    assert budgets.reserve("crm", limit, START + 0.5) > 0
    assert statements == []


def test_accounts_buckets_and_owners_are_counted_apart(state: State, owner: str) -> None:
    limit = Limit(bucket="all", requests=1, seconds=10)
    budgets = SqlBudgets(state, owner)
    assert budgets.reserve("crm", limit, START) == 0
    assert budgets.reserve("crm", limit, START) > 0
    assert budgets.reserve("mail", limit, START) == 0
    assert budgets.reserve("crm", Limit(bucket="search", requests=1, seconds=10), START) == 0
    assert SqlBudgets(state, state.ensure_owner("other")).reserve("crm", limit, START) == 0


def test_a_bucket_that_the_platform_calls_empty_stops_all_processes_until_it_resets(state: State, owner: str) -> None:
    one, other = SqlBudgets(state, owner), SqlBudgets(state, owner)
    for _ in range(4):
        assert one.reserve("crm", LIMIT, START) == other.reserve("crm", LIMIT, START) == 0
    one.observe("crm", Observation(bucket="all", remaining=0, resets_at=START + 60), START)
    assert one.reserve("crm", LIMIT, START) == 60
    assert other.reserve("crm", LIMIT, START + 2) == 58
    assert other.reserve("crm", LIMIT, START + 60) == 0
    assert one.reserve("crm", LIMIT, START + 60) == 0


def test_the_few_calls_that_remain_are_shared(state: State, owner: str) -> None:
    one, other = SqlBudgets(state, owner), SqlBudgets(state, owner)
    one.reserve("crm", LIMIT, START)
    one.observe("crm", Observation(bucket="all", remaining=3, resets_at=START + 60), START)
    made = [worker.reserve("crm", LIMIT, START + 1) for worker in (one, other, one, other, one)]
    assert made.count(0) == 3


def test_news_that_overtook_each_other_do_not_make_more_of_what_remains() -> None:
    window, limit = Window(), Limit(bucket="b", requests=10, seconds=10)
    window.told(Observation(bucket="b", remaining=2, resets_at=START + 60), START)
    window.told(Observation(bucket="b", remaining=5, resets_at=START + 60), START)
    assert window.room(limit, START) == 2
    window.told(Observation(bucket="b", remaining=1, resets_at=START + 30), START)
    assert window.room(limit, START + 40) == 1
    assert window.room(limit, START + 60) == 10


def test_better_news_end_the_restraint(state: State, owner: str) -> None:
    budgets = SqlBudgets(state, owner)
    budgets.reserve("crm", LIMIT, START)
    budgets.observe("crm", Observation(bucket="all", remaining=0, resets_at=START + 60), START)
    budgets.observe("crm", Observation(bucket="all", remaining=90, resets_at=START + 61), START + 1)
    assert budgets.reserve("crm", LIMIT, START + 1) == 0


def test_plenty_is_not_written_down(state: State, owner: str) -> None:
    budgets = SqlBudgets(state, owner)
    budgets.reserve("crm", LIMIT, START)
    statements: list[str] = []
    event.listen(state.engine, "before_cursor_execute", lambda *about: statements.append(about[2]))
    budgets.observe("crm", Observation(bucket="all", remaining=80, resets_at=START + 60), START)
    budgets.observe("crm", Observation(bucket="all", remaining=0, resets_at=START - 1), START)
    assert statements == []


def test_a_clock_that_was_set_back_does_not_stop_the_world(state: State, owner: str) -> None:
    budgets, limit = SqlBudgets(state, owner), Limit(bucket="all", requests=5, seconds=10)
    while budgets.reserve("crm", limit, START + 86_400) == 0:
        pass
    assert budgets.reserve("crm", limit, START) == 0


def test_what_was_taken_and_not_made_can_be_taken_again() -> None:
    window, limit = Window(), Limit(bucket="b", requests=10, seconds=10)
    assert window.take(limit, 0.0, wanted=8, by=1.0) == 8
    window.give_back(5, 1.0)
    assert window.room(limit, 0.5) == 7
    window.give_back(5, 3.0)
    assert window.room(limit, 0.5) == 7


HAMMER = """
import sys, time
from core.pacing import Limit
from storage.state.budgets import SqlBudgets
from storage.state.engine import open_state
state = open_state(sys.argv[1])
budgets, limit = SqlBudgets(state, state.ensure_owner()), Limit(bucket="b", requests=20, seconds=0.5)
print("ready", flush=True)
sys.stdin.readline()
end = time.time() + 1.3
while (now := time.time()) < end:
    wait = budgets.reserve("crm", limit, now)
    if wait == 0:
        print(now)
    else:
        time.sleep(min(wait, 0.05))
"""


@pytest.mark.slow
def test_processes_that_hammer_a_bucket_stay_within_its_limit_together(tmp_path: Path) -> None:
    new_state(tmp_path / "state.db").ensure_owner()
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", HAMMER, str(tmp_path / "state.db")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    made = [float(line) for process in processes for line in process.communicate()[0].split()]
    assert all(process.returncode == 0 for process in processes)
    assert most_in_any(0.5, made) <= 20
    assert len(made) >= 40


def test_a_breaker_survives_the_process_and_is_seen_by_others(state: State, owner: str) -> None:
    opened = Breaker(failures=5, openings=1, open_until=START + 30)
    one, other = SqlBreakers(state, owner), SqlBreakers(state, owner)
    assert one.load("crm") == other.load("crm") == CLOSED
    one.save("crm", opened)
    assert other.load("crm") == opened
    assert other.load("files") == CLOSED
    assert SqlBreakers(state, state.ensure_owner("other")).load("crm") == CLOSED
    other.save("crm", CLOSED)
    assert one.load("crm") == CLOSED


def test_a_breaker_that_did_not_change_is_not_written(state: State, owner: str) -> None:
    breakers = SqlBreakers(state, owner)
    statements: list[str] = []
    event.listen(state.engine, "before_cursor_execute", lambda *about: statements.append(about[2]))
    breakers.save("crm", breakers.load("crm"))
    breakers.save("crm", Breaker(failures=1))
    breakers.save("crm", Breaker(failures=1))
    assert [statement[:6] for statement in statements if not statement.startswith(("BEGIN", "SELECT"))] == ["INSERT"]
