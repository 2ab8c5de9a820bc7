"""The whole job: fetch, check, merge by key, metrics, state. Contestants take turns, so that all see one machine."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from benchmarks.api import serving
from benchmarks.contestants.base import Job, Paging
from benchmarks.measure import Figure, has_dlt, measure
from benchmarks.platform import WIDTH
from benchmarks.report import Goal, Measured, middle

_SINCE: Final = "2026-01-01T00:00:00Z"
CHANGED_SYNCS: Final = 3
"""After each full load: they are short, so that one of them alone says little."""
_HEADER: Final = ("", "full load s", "records/s", "memory MB", "changed s", "memory MB", "start s", "rounds")
NO_DLT: Final = "dlt is not installed, so it does not compete: make bench installs it."


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The rounds of one contestant: full loads, and syncs of what changed."""

    full: Sequence[Figure]
    changed: Sequence[Figure]

    @property
    def load(self) -> float:
        return middle(one.seconds for one in self.full)

    @property
    def sync(self) -> float:
        return middle(one.seconds for one in self.changed)

    @property
    def memory(self) -> float:
        return middle(one.memory for one in self.full)


def compete(rounds: Mapping[str, int], job: Job) -> dict[str, Result]:
    """Each contestant so many rounds, in turns: a full load and syncs of what changed, each in a fresh process."""
    figures: dict[str, list[tuple[Figure, list[Figure]]]] = {name: [] for name in rounds}
    for turn in range(max(rounds.values())):
        for name, most in rounds.items():
            if turn < most:
                figures[name].append(_round(name, job))
    return {
        name: Result(full=[full for full, _ in pairs], changed=[one for _, changed in pairs for one in changed])
        for name, pairs in figures.items()
    }


def _round(name: str, job: Job) -> tuple[Figure, list[Figure]]:
    folder = Path(tempfile.mkdtemp(prefix="benchmark-"))
    try:
        here = replace(job, folder=folder)
        full = measure(name, here)
        return full, [measure(name, replace(here, since=_SINCE)) for _ in range(CHANGED_SYNCS)]
    finally:
        shutil.rmtree(folder)


def full_and_changed(records: int, rounds: int) -> tuple[Measured, dict[str, Result]]:
    """A full load of so many records, then 1 % changed, without any latency."""
    changed = records // 100
    turns = {"floor": rounds, "ours": rounds}
    if has_dlt():
        peers = 1 if records > 100_000 else min(rounds, 3)
        turns |= {"dlt tuned": peers, "dlt arrow": peers}
        if records <= 100_000:
            turns["dlt"] = 1  # row by row: at a million it takes ten minutes
    with serving(records, [(records, changed)]) as address:
        found = compete(turns, _job(address, records, changed, "cursor"))
    ours, floor = found["ours"], found["floor"]
    goals = [
        Goal(what="full load, times the floor", found=ours.load / floor.load, limit=1.25),
        Goal(what="1 % changed, times the floor", found=ours.sync / floor.sync, limit=1.5),
    ]
    if "dlt tuned" in found:
        tuned, arrow = found["dlt tuned"], found["dlt arrow"]
        if records <= 100_000:
            for peer, limit in (("dlt tuned", 4.5), ("dlt arrow", 2.2)):
                what = f"full load, times faster than {peer}"
                goals.append(Goal(what=what, found=found[peer].load / ours.load, limit=limit, at_most=False))
        goals.append(
            Goal(
                what="1 % changed, times faster than dlt tuned",
                found=tuned.sync / ours.sync,
                limit=8 if records > 100_000 else 4,
                at_most=False,
            )
        )
        assert arrow.full
    return _told(f"{records:,} records by cursor, then 1 % changed", records, found, goals), found


def with_latency(records: int, delay: int, rounds: int) -> Measured:
    """The same with so many milliseconds a request: by offset several in flight, by cursor page after page."""
    changed = records // 100
    with serving(records, [(records, changed)]) as address:
        job = replace(_job(address, records, changed, "offset"), delay=delay, width=WIDTH)
        found = compete({"floor": rounds, "ours": rounds}, job)
        after = compete({"ours": 1}, replace(job, paging="cursor", width=1))
    ours = found["ours"].load
    goals = [
        Goal(
            what=f"times a floor with {WIDTH} requests in flight as well", found=ours / found["floor"].load, limit=1.3
        ),
        Goal(what="times faster than page after page", found=after["ours"].load / ours, limit=8, at_most=False),
    ]
    return _told(
        f"{records:,} records, {delay} ms a request, {WIDTH} in flight by offset",
        records,
        {**found, "ours, page after page": after["ours"]},
        goals,
    )


def _job(address: str, records: int, changed: int, paging: Paging) -> Job:
    return Job(address=address, folder=Path(), paging=paging, records=records, changed=changed)


def _told(title: str, records: int, found: Mapping[str, Result], goals: Sequence[Goal]) -> Measured:
    rows = [
        (
            name,
            f"{one.load:.2f}",
            f"{records / one.load:,.0f}",
            f"{one.memory:.0f}",
            f"{one.sync:.3f}",
            f"{middle(each.memory for each in one.changed):.0f}",
            f"{middle(each.start for each in one.full):.1f}",
            f"{len(one.full)}",
        )
        for name, one in found.items()
    ]
    notes = () if has_dlt() else (NO_DLT,)
    return Measured(title=title, header=_HEADER, rows=rows, goals=goals, notes=notes)
