"""Budgets and breakers kept in memory, for one process and for tests; the rules themselves are in core.pacing."""

from __future__ import annotations

import threading
from collections import deque

from core.pacing import CLOSED, Breaker, Limit, Observation


class Window:
    """The calls of one bucket: at most `requests` in any `seconds`, and none before `closed_until`."""

    __slots__ = ("closed_until", "times")

    def __init__(self) -> None:
        self.times: deque[float] = deque()
        self.closed_until = 0.0

    def take(self, limit: Limit, now: float) -> float:
        """Takes one call and returns 0.0, or takes none and returns the seconds to wait."""
        if now < self.closed_until:
            return self.closed_until - now
        while self.times and self.times[0] <= now - limit.seconds:
            self.times.popleft()
        if len(self.times) >= limit.requests:
            return max(self.times[0] + limit.seconds - now, 1e-3)
        self.times.append(now)
        return 0.0

    def told(self, observation: Observation) -> None:
        """The platform said how many calls remain: with none left the bucket is closed until it resets."""
        if observation.remaining <= 0:
            self.closed_until = max(self.closed_until, observation.resets_at)


class MemoryBudgets:
    """Budgets of this process alone (`core.pacing.Budgets`)."""

    def __init__(self) -> None:
        self._windows: dict[tuple[str, str], Window] = {}
        self._lock = threading.Lock()

    def reserve(self, account: str, limit: Limit, now: float) -> float:
        with self._lock:
            return self._windows.setdefault((account, limit.bucket), Window()).take(limit, now)

    def observe(self, account: str, observation: Observation, now: float) -> None:
        if observation.resets_at > now:
            with self._lock:
                self._windows.setdefault((account, observation.bucket), Window()).told(observation)


class MemoryBreakers:
    """Breakers of this process alone (`core.pacing.Breakers`)."""

    def __init__(self) -> None:
        self._breakers: dict[str, Breaker] = {}

    def load(self, integration: str) -> Breaker:
        return self._breakers.get(integration, CLOSED)

    def save(self, integration: str, breaker: Breaker) -> None:
        self._breakers[integration] = breaker
