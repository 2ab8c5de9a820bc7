"""One worker at a time, with real processes, and free again when the worker died."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.errors import Busy, LeaseTaken
from storage.state.engine import State
from storage.state.holders import is_gone, this_process
from storage.state.leases import Leases
from tests.states import new_state

NOW = datetime(2026, 3, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def state(tmp_path: Path) -> State:
    return new_state(tmp_path / "state.db", clock=lambda: NOW)


@pytest.fixture
def leases(state: State) -> Leases:
    return Leases(state, state.ensure_owner())


def start(script: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", script, *arguments], stdout=subprocess.PIPE, text=True)


def test_a_lease_is_held_by_one_at_a_time(leases: Leases) -> None:
    assert leases.acquire("sync:crm", "ada", 60, NOW) is not None
    assert leases.acquire("sync:crm", "bob", 60, NOW) is None
    assert leases.acquire("sync:files", "bob", 60, NOW) is not None


def test_the_holder_does_not_get_it_twice(leases: Leases) -> None:
    leases.acquire("sync:crm", this_process(), 60, NOW)
    assert leases.acquire("sync:crm", this_process(), 60, NOW) is None


def test_owners_hold_leases_of_the_same_name_apart(state: State, leases: Leases) -> None:
    leases.acquire("sync:crm", "ada", 60, NOW)
    assert Leases(state, state.ensure_owner("other")).acquire("sync:crm", "bob", 60, NOW) is not None


def test_each_holder_gets_a_higher_fence(leases: Leases) -> None:
    fences = []
    for round_ in range(3):
        lease = leases.acquire("sync:crm", "ada", 60, NOW + round_ * MINUTE)
        assert lease is not None
        fences.append(lease.fence)
        leases.release(lease)
    expiring = leases.acquire("sync:crm", "ada", 60, NOW)
    taken_over = leases.acquire("sync:crm", "bob", 60, NOW + MINUTE)
    assert expiring is not None
    assert taken_over is not None
    assert [*fences, expiring.fence, taken_over.fence] == [1, 2, 3, 4, 5]


def test_a_lease_that_ran_out_is_free_and_its_holder_can_neither_renew_nor_release_it(leases: Leases) -> None:
    old = leases.acquire("sync:crm", "ada", 60, NOW)
    assert old is not None
    assert leases.acquire("sync:crm", "bob", 60, NOW + timedelta(seconds=59)) is None
    new = leases.acquire("sync:crm", "bob", 60, NOW + MINUTE)
    assert new is not None
    assert not leases.renew(old, 60, NOW + MINUTE)
    assert not leases.release(old)
    assert leases.acquire("sync:crm", "carl", 60, NOW + MINUTE) is None


def test_a_renewed_lease_lasts_longer(leases: Leases) -> None:
    lease = leases.acquire("sync:crm", "ada", 60, NOW)
    assert lease is not None
    assert leases.renew(lease, 60, NOW + timedelta(seconds=50))
    assert leases.acquire("sync:crm", "bob", 60, NOW + timedelta(seconds=109)) is None
    assert leases.acquire("sync:crm", "bob", 60, NOW + timedelta(seconds=110)) is not None


def test_a_released_lease_is_not_renewed(leases: Leases) -> None:
    lease = leases.acquire("sync:crm", "ada", 60, NOW)
    assert lease is not None
    assert leases.release(lease)
    assert not leases.renew(lease, 60, NOW)
    assert leases.acquire("sync:crm", "bob", 60, NOW) is not None


def test_held_frees_the_lease_also_when_the_work_fails(leases: Leases) -> None:
    with pytest.raises(ZeroDivisionError), leases.held("sync:crm", 60):
        raise ZeroDivisionError
    with leases.held("sync:crm", 60) as held:
        assert held.fence == 2


def test_held_tells_until_when_somebody_else_is_busy(leases: Leases) -> None:
    with leases.held("sync:crm", 60):
        with pytest.raises(Busy, match="sync:crm") as caught:
            leases.held("sync:crm", 60).__enter__()
        assert caught.value.at == NOW + MINUTE


def test_held_waits_for_somebody_else_to_end_but_no_longer_than_it_was_told(leases: Leases) -> None:
    with ExitStack() as other:
        other.enter_context(leases.held("sync:crm", 60))
        with pytest.raises(LeaseTaken):
            leases.held("sync:crm", 60, wait=0.05).__enter__()
        ending = threading.Timer(0.1, other.pop_all().close)
        ending.start()
        with leases.held("sync:crm", 60, wait=30) as held:
            ending.join()
            assert held.fence == 2


def test_held_renews_while_the_work_goes_on(state: State) -> None:
    leases = Leases(state, state.ensure_owner())
    looked = threading.Event()
    times = iter([NOW + step * MINUTE for step in range(1000)])

    def clock() -> datetime:
        now = next(times)
        if now >= NOW + 3 * MINUTE:
            looked.set()
        return now

    with leases.held("sync:crm", 0.03, clock=clock) as held:
        assert looked.wait(10)
        assert held.expires_at > NOW + timedelta(seconds=0.03)
        assert not held.lost


def test_a_lease_that_was_taken_over_is_noticed(leases: Leases) -> None:
    with leases.held("sync:crm", 0.03) as held:
        held.ensure()
        thief = leases.acquire("sync:crm", "thief", 60, NOW + MINUTE)
        assert thief is not None
        for _ in range(1000):
            if held.lost:
                break
            threading.Event().wait(0.01)
        with pytest.raises(Busy, match="was lost"):
            held.ensure()
    assert leases.acquire("sync:crm", "bob", 60, NOW) is None, "the late holder must not free the thief's lease"


def test_a_lease_that_ran_out_is_noticed_by_its_holder_without_anybody_else(leases: Leases) -> None:
    times = [NOW]
    with leases.held("sync:crm", 60, clock=lambda: times[-1]) as held:
        times.append(NOW + MINUTE)
        with pytest.raises(Busy):
            held.ensure()


def test_a_living_process_is_not_gone_and_one_with_its_number_but_another_start_is() -> None:
    assert not is_gone(this_process())
    host, pid, _ = this_process().rsplit(":", 2)
    assert is_gone(f"{host}:{pid}:1")


@pytest.mark.parametrize("holder", ["", "ada", "elsewhere:1:1", "elsewhere/1:999999:5", ":::"])
def test_a_holder_that_cannot_be_looked_at_is_taken_to_live(holder: str) -> None:
    assert not is_gone(holder)


HOLD = """
import sys
from storage.state.engine import open_state
from storage.state.leases import Leases
state = open_state(sys.argv[1])
with Leases(state, state.ensure_owner()).held("sync:crm", 3600):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_killed_process_frees_its_lease_at_once(tmp_path: Path) -> None:
    state = new_state(tmp_path / "state.db")
    leases = Leases(state, state.ensure_owner())
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "state.db")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    with pytest.raises(Busy):
        leases.held("sync:crm", 60).__enter__()
    os.kill(process.pid, signal.SIGKILL)
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    with leases.held("sync:crm", 60) as held:
        assert held.fence == 2, "freed while the dead process was still listed"
    process.communicate()
    with leases.held("sync:crm", 60) as held:
        assert held.fence == 3


RACE = """
import sys, time
from datetime import UTC, datetime
from storage.state.engine import open_state
from storage.state.leases import Leases
state = open_state(sys.argv[1])
leases = Leases(state, state.ensure_owner())
print("ready", flush=True)
sys.stdin.readline()
for round_ in range(30):
    lease = leases.acquire(f"sync:{round_}", sys.argv[2], 3600, datetime.now(UTC))
    print("won" if lease else "lost", flush=True)
"""


def test_of_processes_that_race_for_a_lease_exactly_one_wins(tmp_path: Path) -> None:
    new_state(tmp_path / "state.db").ensure_owner()
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", RACE, str(tmp_path / "state.db"), f"racer {number}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(3)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    results = [process.communicate()[0].split() for process in processes]
    assert all(process.returncode == 0 for process in processes)
    assert [list(round_).count("won") for round_ in zip(*results, strict=True)] == [1] * 30


def test_of_threads_that_race_for_a_lease_that_ran_out_exactly_one_wins(leases: Leases) -> None:
    leases.acquire("sync:crm", "gone", 60, NOW)
    barrier, won = threading.Barrier(4), []

    def race(number: int) -> None:
        barrier.wait()
        if leases.acquire("sync:crm", f"racer {number}", 60, NOW + MINUTE):
            won.append(number)

    threads = [threading.Thread(target=race, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
