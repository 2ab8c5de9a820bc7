"""Growth: what an incremental sync costs where much is stored, and how quick the warehouse stays with many rows."""

from __future__ import annotations

import shutil
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from benchmarks.landing import CONTACTS, SEGMENT_ROWS, call
from benchmarks.measure import Miscounted
from benchmarks.records import encoded
from benchmarks.report import Goal, Measured, middle
from storage.warehouse.asking import questions, run_question
from storage.warehouse.connection import Warehouse
from storage.warehouse.drain import drain
from storage.warehouse.landing import LandingZone
from storage.warehouse.metrics import API_CALLS
from storage.warehouse.reading import states

_NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)
CALLS_EVERY: Final = 10
"""A row about a call for every so many records, for the questions to be about."""
CHANGED: Final = 10_000
"""Rows of each incremental landing: the same number, whatever is stored."""


def stored(sizes: list[int], rounds: int) -> Measured:
    """Lands so many rows, and at each size the same number of changed ones: what does the stored part cost?"""
    folder = Path(tempfile.mkdtemp(prefix="benchmark-"))
    warehouse, landing = Warehouse(path=folder / "w.duckdb"), LandingZone(folder / "landing")
    rows, drains, first = [], [], 0
    try:
        for size in sizes:
            rate = _load(warehouse, landing, first, size)
            first = size
            seconds = [_change(warehouse, landing, size, turn) for turn in range(rounds)]
            drains.append(middle(seconds))
            state, asking = _state(warehouse, landing), _questions(warehouse)
            rows.append(
                (
                    f"{size:,}",
                    f"{rate:,.0f}",
                    f"{drains[-1]:.3f}",
                    f"{max(seconds):.3f}",
                    f"{state * 1000:.0f}",
                    f"{asking:.3f}",
                    f"{warehouse.path.stat().st_size / 1e6:,.0f}",
                )
            )
    finally:
        shutil.rmtree(folder)
    return Measured(
        title=f"{CHANGED:,} changed rows, by what is stored",
        header=(
            "rows stored",
            "loaded rows/s",
            "drain s",
            "worst s",
            "read state ms",
            "slowest question s",
            "file MB",
        ),
        rows=rows,
        goals=[
            Goal(what=f"drain at {sizes[-1]:,}, times that at {sizes[0]:,}", found=drains[-1] / drains[0], limit=10)
        ],
    )


def _load(warehouse: Warehouse, landing: LandingZone, first: int, last: int) -> float:
    """Lands the rows from first to last; gives rows a second, the writing of segments not counted."""
    seconds = 0.0
    for begin in range(first, last, 25 * SEGMENT_ROWS):
        for start in range(begin, min(begin + 25 * SEGMENT_ROWS, last), SEGMENT_ROWS):
            _write(landing, range(start, min(start + SEGMENT_ROWS, last)), 1)
        calls = range(begin, min(begin + 25 * SEGMENT_ROWS, last), CALLS_EVERY)
        landing.append(API_CALLS, map(call, calls), at=_NOW)
        began = time.perf_counter()
        drain(warehouse, landing, now=_NOW)
        seconds += time.perf_counter() - began
    return (last - first) / seconds


def _change(warehouse: Warehouse, landing: LandingZone, size: int, turn: int) -> float:
    _write(landing, range(turn, size, size // min(CHANGED, size)), 2 + turn)
    began = time.perf_counter()
    report = drain(warehouse, landing, now=_NOW + timedelta(minutes=turn))
    took = time.perf_counter() - began
    if report.rows != min(CHANGED, size):
        raise Miscounted(f"{report.rows} changed rows landed, expected {min(CHANGED, size)}")
    return took


def _write(landing: LandingZone, numbers: range, revision: int) -> None:
    landing.write(
        integration="benchmark",
        run="benchmark",
        table=CONTACTS,
        records=[encoded(number, revision) for number in numbers],
        fetched_at=_NOW,
        state={"since": f"{revision}"},
        walk_started=_NOW if revision == 1 else None,
    )


def _state(warehouse: Warehouse, landing: LandingZone) -> float:
    began = time.perf_counter()
    found = states(warehouse, landing, "benchmark")
    if not found:
        raise Miscounted("no state was saved")
    return time.perf_counter() - began


def _questions(warehouse: Warehouse) -> float:
    """Seconds of the slowest question about what landed."""
    slowest = 0.0
    for name, question in questions().items():
        if set(question.needs) <= {"metrics.api_calls"}:
            began = time.perf_counter()
            run_question(warehouse, name)
            slowest = max(slowest, time.perf_counter() - began)
    return slowest
