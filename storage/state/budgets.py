"""Rate budgets shared by all processes through the state database, at the price of a write now and then.

A process takes a few calls at once from the shared window and makes them without asking again. Taken calls count as
made at the end of their span, so in any `seconds` no more than `requests` are made over all processes, whenever
within the span they really are; those not made are given back with the next taking. What is wanted at once
follows what the last taking was used for.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final

from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from core.budgets import Window
from core.pacing import Limit, Observation
from storage.state.engine import State
from storage.state.models import RateBudget

SPANS_PER_WINDOW: Final = 32
"""Into how many spans a window is cut. The window is longer than it had to be by at most one of them."""
FRESH_SECONDS: Final = 1.0
"""How long a process goes on without looking at what the others learnt."""
LARGEST_BATCH: Final = 64
SHARE: Final = 4
"""A batch is at most this part of what is left, so that processes that start together all get some."""
LOW_PART: Final = 10
LOW_AT_LEAST: Final = 2


@dataclass(slots=True)
class _Purse:
    """What this process holds of one bucket: `calls` to be made until `by`."""

    calls: int = 0
    by: float = 0.0
    batch: int = 1
    looked_at: float = -math.inf
    wait_until: float = 0.0
    told_until: float = 0.0
    low: int = LOW_AT_LEAST


class SqlBudgets:
    """The budgets of one owner's accounts (`core.pacing.Budgets`)."""

    def __init__(self, state: State, owner: str) -> None:
        self._scope = state.scope(owner)
        self._purses: dict[tuple[str, str], _Purse] = {}
        self._rows: set[tuple[str, str]] = set()
        self._lock = threading.Lock()

    def reserve(self, account: str, limit: Limit, now: float) -> float:
        with self._lock:
            purse = self._purses.setdefault((account, limit.bucket), _Purse())
            fresh = purse.looked_at <= now < purse.looked_at + FRESH_SECONDS
            if purse.calls and fresh and now < purse.by:
                purse.calls -= 1
                return 0.0
            if fresh and now < purse.wait_until:
                return purse.wait_until - now
            return self._take(account, limit, now, purse)

    def observe(self, account: str, observation: Observation, now: float) -> None:
        if observation.resets_at <= now:
            return
        with self._lock:
            purse = self._purses.setdefault((account, observation.bucket), _Purse())
            # Plenty is no news, unless the others still believe that little is left.
            if observation.remaining > purse.low and now >= purse.told_until:
                return
            with self._shared(account, observation.bucket) as window:
                window.give_back(purse.calls, purse.by)
                window.told(observation, now)
                purse.told_until = window.resets_at
            purse.calls, purse.wait_until, purse.looked_at = 0, 0.0, -math.inf

    def _take(self, account: str, limit: Limit, now: float, purse: _Purse) -> float:
        span = limit.seconds / SPANS_PER_WINDOW
        by = (math.floor(now / span) + 1) * span
        # Used up: more next time. Not used up: as many as were used.
        wanted = purse.batch * 2 if not purse.calls else purse.batch - purse.calls
        with self._shared(account, limit.bucket) as window:
            window.give_back(purse.calls, purse.by)
            share = window.room(limit, now) // SHARE
            taken = window.take(limit, now, wanted=max(1, min(wanted, share, LARGEST_BATCH)), by=by)
            wait = 0.0 if taken else window.wait(limit, now)
            purse.told_until = 0.0 if window.left is None else window.resets_at
        purse.batch, purse.by, purse.looked_at = max(1, taken), by, now
        purse.calls, purse.wait_until = max(0, taken - 1), now + wait
        purse.low = max(LOW_AT_LEAST, limit.requests // LOW_PART)
        return wait

    @contextmanager
    def _shared(self, account: str, bucket: str) -> Iterator[Window]:
        """The bucket's window, as all processes see it; what the block does to it is written."""
        if (account, bucket) not in self._rows:
            # In a transaction of its own: where two begin a bucket at once, one of them is refused.
            with suppress(IntegrityError), self._scope.writing() as session:
                session.add(RateBudget(account=account, bucket=bucket))
            self._rows.add((account, bucket))
        with self._scope.writing() as session:
            statement = select(RateBudget).where(RateBudget.account == account, RateBudget.bucket == bucket)
            row = session.exec(statement.with_for_update()).one()
            window = Window(((time, int(count)) for time, count in row.granted), row.remaining, row.resets_at)
            yield window
            row.granted = [[time, count] for time, count in window.taken]
            row.remaining, row.resets_at = window.left, window.resets_at
