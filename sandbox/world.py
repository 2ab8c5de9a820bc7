"""One clock and one growing population: what all simulated platforms are filled with.

Everything follows from the seed and the instant, never from the order of questions: two worlds with the same
seed, start and scale hold the same records on the same day. Records are made from their index when asked for,
so that a population of a million costs nothing until it is read.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

DAY_MS = 86_400_000
WEEK = (1.12, 1.18, 1.15, 1.08, 1.0, 0.76, 0.71)  # Monday first: business weeks, quiet weekends
_MASK = (1 << 64) - 1


def mix(*parts: int) -> int:
    """64 well mixed bits from some integers (splitmix64), the same on every machine and in every process."""
    state = 0x9E3779B97F4A7C15
    for part in parts:
        state = (state ^ (part & _MASK)) * 0xBF58476D1CE4E5B9 & _MASK
        state = (state ^ (state >> 27)) * 0x94D049BB133111EB & _MASK
        state ^= state >> 31
    return state


def share(*parts: int) -> float:
    """A fraction in [0, 1) from some integers."""
    return mix(*parts) / (1 << 64)


@lru_cache(maxsize=4096)
def number_of(name: str) -> int:
    """A stable number for a name, to mix with."""
    return mix(*name.encode())


def to_ms(instant: datetime) -> int:
    return int(instant.timestamp() * 1000)


def from_ms(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


class Clock:
    """The one clock of a sandbox. It stands still unless `tick` (seconds, such as `time.monotonic`) is given."""

    def __init__(self, start: datetime, *, tick: Callable[[], float] | None = None) -> None:
        if start.tzinfo is None:
            raise ValueError("the clock starts at an instant with a time zone")
        self._base = start
        self._tick = tick
        self._begun = tick() if tick else 0.0

    def now(self) -> datetime:
        return self._base + timedelta(seconds=self._tick() - self._begun) if self._tick else self._base

    def ms(self) -> int:
        """Now, in milliseconds since the epoch."""
        return to_ms(self.now())

    def seconds(self) -> float:
        """Now, in seconds since the epoch."""
        return self.now().timestamp()

    def advance(self, *, days: float = 0, hours: float = 0, seconds: float = 0) -> None:
        """Moves the clock on. Raises ValueError for a step back: what has happened stays."""
        step = timedelta(days=days, hours=hours, seconds=seconds)
        if step < timedelta(0):
            raise ValueError("the clock does not go back")
        self._base += step


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """What happened to one record so far, in milliseconds since the epoch. `version` counts its changes."""

    index: int
    created: int
    changed: int
    deleted: int | None
    version: int


class Population:
    """Records of one kind, by index from 0 in order of birth, with births, changes and deletions day by day.

    `births`, `changes` and `deaths` are per day, as a share of `initial`; every day has at least one of each
    that is not zero. The `initial` ones were born during the `history` days before the start.
    """

    def __init__(
        self,
        world: World,
        kind: str,
        *,
        initial: int,
        births: float = 0.004,
        changes: float = 0.01,
        deaths: float = 0.001,
        history: int = 700,
    ) -> None:
        self.kind = kind
        self._revision = 0
        self._world = world
        self._key = (world.seed, number_of(kind))
        self._initial = initial
        self._rates = (births, changes, deaths)
        self._history = history * DAY_MS
        self._births: list[int] = []
        self._initially: dict[int, tuple[int, int]] = {}
        self._changed: dict[int, tuple[int, int]] = {}
        self._deleted: dict[int, int] = {}
        self._log: list[tuple[int, int, int]] = []
        self._day = 0
        self._pending = self._events(0)
        self._lock = threading.RLock()

    @property
    def size(self) -> int:
        """How many were ever born; indices run below it."""
        self._catch_up()
        return self._initial + len(self._births)

    @property
    def revision(self) -> int:
        """Grows with whatever happens to any record."""
        self._catch_up()
        return self._revision

    def deleted(self) -> dict[int, int]:
        """Index to instant, of all that are gone."""
        self._catch_up()
        return self._deleted

    def happened(self, since: int = 0) -> list[tuple[int, int, int]]:
        """(instant, 0 birth | 1 change | 2 death, index) of all that happened after the first `since`, in order."""
        self._catch_up()
        return self._log[since:]

    def life(self, index: int) -> Life | None:
        """What happened to this one so far; None where no such record was born yet."""
        if not 0 <= index < self.size:
            return None
        created, changed = self._before(index)
        last, version = self._changed.get(index, (changed, 0))
        gone = self._deleted.get(index)
        return Life(index=index, created=created, changed=last, deleted=gone, version=version)

    def _before(self, index: int) -> tuple[int, int]:
        """When it was born, and last changed before the start."""
        if index >= self._initial:
            born = self._births[index - self._initial]
            return born, born
        if index not in self._initially:
            start, place = self._world.start_ms, (index + share(*self._key, index, 1)) / self._initial
            born = start - self._history + int(self._history * place)
            self._initially[index] = born, born + int((start - born) * share(*self._key, index, 2) ** 3)
        return self._initially[index]

    def _catch_up(self) -> None:
        now = self._world.clock.ms()
        with self._lock:
            while True:
                while self._pending and self._pending[-1][0] <= now:
                    self._happen(*self._pending.pop())
                if now < self._world.start_ms + (self._day + 1) * DAY_MS:
                    return
                self._day += 1
                self._pending = self._events(self._day)

    def _events(self, day: int) -> list[tuple[int, int, int]]:
        """(instant, 0 birth | 1 change | 2 death, number) of one day, latest first."""
        begin = self._world.start_ms + day * DAY_MS
        rhythm = WEEK[from_ms(begin).weekday()]
        events = []
        for what, rate in enumerate(self._rates):
            if not rate:
                continue
            exact = rate * self._initial * rhythm
            count = max(1, int(exact + share(*self._key, day, what, 3)))
            for number in range(count):
                events.append((begin + mix(*self._key, day, what, number, 4) % DAY_MS, what, number))
        return sorted(events, reverse=True)

    def _happen(self, at: int, what: int, number: int) -> None:
        self._revision += 1
        if what == 0:
            self._births.append(at)
            self._log.append((at, what, self._initial + len(self._births) - 1))
            return
        # Only those born before are picked, so the pick does not hang on what else happens this instant.
        index = mix(*self._key, self._day, what, number, 5) % (self._initial + len(self._births))
        if index in self._deleted or self._before(index)[0] > at:
            return
        self._log.append((at, what, index))
        if what == 1:
            self._changed[index] = (at, self._changed.get(index, (0, 0))[1] + 1)
        else:
            self._deleted[index] = at


class World:
    """`scale` is how many people there are on the first day; all other sizes follow from it."""

    def __init__(
        self,
        *,
        seed: int = 1,
        start: datetime = datetime(2026, 9, 7, 8, 0, tzinfo=UTC),
        scale: int = 200,
        tick: Callable[[], float] | None = None,
    ) -> None:
        self.seed = seed
        self.scale = scale
        self.start_ms = to_ms(start)
        self.clock = Clock(start, tick=tick)
        self._populations: dict[str, Population] = {}
        self._totals: dict[tuple[str, float, float], list[int]] = {}

    def population(
        self,
        kind: str,
        *,
        per_person: float = 1.0,
        least: int = 1,
        births: float = 0.004,
        changes: float = 0.01,
        deaths: float = 0.001,
        history: int = 700,
    ) -> Population:
        """The population of this kind, shared by whoever asks; the first to ask sets its size and rates."""
        if kind not in self._populations:
            initial = max(least, round(self.scale * per_person))
            self._populations[kind] = Population(
                self, kind, initial=initial, births=births, changes=changes, deaths=deaths, history=history
            )
        return self._populations[kind]

    @property
    def populations(self) -> Mapping[str, Population]:
        """Every population that was asked for so far, by kind."""
        return self._populations

    def day(self, instant: datetime | None = None) -> int:
        """Whole days since the start; negative before it."""
        ms = to_ms(instant) if instant else self.clock.ms()
        return (ms - self.start_ms) // DAY_MS

    def daily(self, name: str, day: int, *, level: float, trend: float = 0.002) -> int:
        """What a counter gained on one day since the start: a level with trend, weekly rhythm and noise."""
        weekday = from_ms(self.start_ms + day * DAY_MS).weekday()
        noise = 0.85 + 0.3 * share(self.seed, number_of(name), day, 6)
        return max(0, round(level * max(0.1, 1 + trend * day) * WEEK[weekday] * noise))

    def total(self, name: str, *, base: float, level: float, trend: float = 0.002) -> int:
        """A counter that only grows: `base` at the start, then what each day gained, today in proportion."""
        elapsed = (self.clock.ms() - self.start_ms) / DAY_MS
        sums = self._totals.setdefault((name, level, trend), [0])
        while len(sums) <= int(elapsed):
            sums.append(sums[-1] + self.daily(name, len(sums) - 1, level=level, trend=trend))
        whole = int(elapsed)
        today = self.daily(name, whole, level=level, trend=trend)
        return round(base) + sums[whole] + int(today * (elapsed - whole))
