"""Rate limits: who may call how often, counted per window.

A platform says which windows a call counts against and how its headers and its 429 read; here it is counted.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """At most `limit` calls in `seconds`, for one `key` (an account, a token, an address).

    `rolling` looks back from now; else windows begin at multiples of `seconds` since the epoch.
    `cost` is what this call takes from it.
    """

    name: str
    key: str
    limit: int
    seconds: float
    rolling: bool = True
    cost: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What a call found in a window: `remaining` after it, `reset` in seconds since the epoch, `wait` in seconds."""

    window: Window
    allowed: bool
    remaining: int
    reset: float
    wait: float


class _Spent:
    """What was taken from one window, oldest first, with its sum."""

    __slots__ = ("sum", "times")

    def __init__(self) -> None:
        self.times: deque[tuple[float, int]] = deque()
        self.sum = 0

    def forget(self, until: float) -> None:
        while self.times and self.times[0][0] <= until:
            self.sum -= self.times.popleft()[1]


class RateLimits:
    """Counts calls on the clock given (seconds). Relaxed, it lets every call pass and counts none."""

    def __init__(self, seconds: Callable[[], float], *, relaxed: bool = False) -> None:
        self.relaxed = relaxed
        self._seconds = seconds
        self._spent: dict[tuple[str, str], _Spent] = {}

    def take(self, windows: Sequence[Window]) -> tuple[Taken, ...]:
        """Counts one call against all windows, or against none where one of them refuses."""
        now = self._seconds()
        if self.relaxed:
            return tuple(_untouched(window, now) for window in windows)
        found = tuple(self._look(window, now) for window in windows)
        if all(taken.allowed for taken in found):
            for window in windows:
                spent = self._spent[window.name, window.key]
                spent.times.append((now, window.cost))
                spent.sum += window.cost
        return found

    def _look(self, window: Window, now: float) -> Taken:
        spent = self._spent.setdefault((window.name, window.key), _Spent())
        begin = now - window.seconds if window.rolling else now // window.seconds * window.seconds
        # A call at the very beginning of a fixed window counts; one exactly a window ago is out of a rolling one.
        spent.forget(begin if window.rolling else begin - 1e-6)
        allowed = spent.sum + window.cost <= window.limit
        left = window.limit - spent.sum - (window.cost if allowed else 0)
        oldest = spent.times[0][0] if spent.times else now
        reset = (oldest if window.rolling else begin) + window.seconds
        wait = 0.0 if allowed else max(0.0, reset - now)
        return Taken(window=window, allowed=allowed, remaining=max(0, left), reset=reset, wait=wait)


def _untouched(window: Window, now: float) -> Taken:
    return Taken(window=window, allowed=True, remaining=window.limit, reset=now + window.seconds, wait=0.0)
