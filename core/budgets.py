"""The arithmetic of a rate budget, and budgets and breakers kept in memory, for one process and for tests.

Limits and breakers themselves are in core.pacing; storage keeps the same windows in the state database.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable

from core.pacing import CLOSED, Breaker, Limit, Observation


class Window:
    """The calls of one bucket: at most `requests` in any `seconds`, and no more than the platform said remain.

    A call counts from when it is taken until `seconds` after the latest time at which it may be made. `taken`
    holds those times with the number of calls, in order; `left` is what the platform told, until `resets_at`.
    """

    __slots__ = ("_total", "left", "resets_at", "taken")

    def __init__(
        self, taken: Iterable[tuple[float, int]] = (), left: int | None = None, resets_at: float = 0.0
    ) -> None:
        self.taken = deque(taken)
        self.left = left
        self.resets_at = resets_at
        self._total = sum(count for _, count in self.taken)

    def room(self, limit: Limit, now: float) -> int:
        """How many calls could be taken now."""
        # Times beyond a whole window ahead are from before the clock was set back: they would block for that long.
        while self.taken and self.taken[-1][0] > now + limit.seconds:
            self._total -= self.taken.pop()[1]
        while self.taken and self.taken[0][0] <= now - limit.seconds:
            self._total -= self.taken.popleft()[1]
        if now >= self.resets_at:
            self.left = None
        room = max(0, limit.requests - self._total)
        return room if self.left is None else min(room, self.left)

    def take(self, limit: Limit, now: float, *, wanted: int = 1, by: float | None = None) -> int:
        """Takes up to `wanted` calls, to be made until `by` (default: now), and says how many it took."""
        count = min(wanted, self.room(limit, now))
        if count:
            latest, held = now if by is None else by, 0
            # In order, also where clocks of threads and processes differ by a little: later counts for longer.
            if self.taken and self.taken[-1][0] >= latest:
                latest, held = self.taken.pop()
            self.taken.append((latest, held + count))
            self._total += count
            if self.left is not None:
                self.left -= count
        return count

    def wait(self, limit: Limit, now: float) -> float:
        """The seconds until there is room; 0.0 where there is."""
        if self.room(limit, now):
            return 0.0
        if self.left == 0:
            return self.resets_at - now
        return max(self.taken[0][0] + limit.seconds - now, 1e-3)

    def give_back(self, count: int, by: float) -> None:
        """Returns calls that were taken to be made until `by` and never will be."""
        for index, (time, held) in enumerate(self.taken):
            if time == by:
                returned = min(count, held)
                self.taken[index] = (time, held - returned)
                self._total -= returned
                return

    def told(self, observation: Observation, now: float) -> None:
        """The platform said how many calls remain: believed where it is less than we think, or of a later window."""
        if observation.resets_at <= now:
            return
        remaining = max(0, observation.remaining)
        if self.left is None or now >= self.resets_at or observation.resets_at > self.resets_at:
            self.left, self.resets_at = remaining, observation.resets_at
        else:
            self.left = min(self.left, remaining)


class MemoryBudgets:
    """Budgets of this process alone (`core.pacing.Budgets`)."""

    def __init__(self) -> None:
        self._windows: dict[tuple[str, str], Window] = {}
        self._lock = threading.Lock()

    def reserve(self, account: str, limit: Limit, now: float) -> float:
        with self._lock:
            window = self._windows.setdefault((account, limit.bucket), Window())
            return 0.0 if window.take(limit, now) else window.wait(limit, now)

    def observe(self, account: str, observation: Observation, now: float) -> None:
        with self._lock:
            self._windows.setdefault((account, observation.bucket), Window()).told(observation, now)


class MemoryBreakers:
    """Breakers of this process alone (`core.pacing.Breakers`)."""

    def __init__(self) -> None:
        self._breakers: dict[str, Breaker] = {}

    def load(self, integration: str) -> Breaker:
        return self._breakers.get(integration, CLOSED)

    def save(self, integration: str, breaker: Breaker) -> None:
        self._breakers[integration] = breaker
