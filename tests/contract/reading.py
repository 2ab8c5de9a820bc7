"""Checks of reading when nothing fails: everything, once, again from any page, and what has changed since."""

from __future__ import annotations

from typing import Final

from connectors.sdk.base import Stream
from tests.contract.case import Case, Check, records, rows_of, saved, tells_more, told_records, told_total
from tests.contract.rig import Rig, only_leads
from tests.contract.rows import Rows
from tests.platforms.told import told

# Neighbouring pages may share a few records on purpose, so that none is missed while the list moves.
_MOST_DOUBLED: Final = 0.05
_IDLE_CALLS: Final = 2
# Enough records, and enough that happened to them, for values that are rare.
_MANY: Final = 300
_LATER: Final = (20, 40)


def everything_is_read(case: Case) -> None:
    rig, stream = case.rig(case.scale), case.stream
    rows = rig.read(stream)
    assert rows.live, "nothing was read"
    living = _living(rig, stream)
    assert living in (None, len(rows.live)), f"{len(rows.live)} of {living} records were read"
    replies = rig.replies[stream.name]
    assert len(replies) == len(rows.pages)
    names, words = rig.sandbox.platforms[rig.connector.name].records, told(rig.connector.name)
    for response, step in zip(replies, rows.pages, strict=True):
        if only_leads(rig, stream, step):
            continue
        said, taken = told_records(response, names), len(step.page.records) + len(step.page.deleted)
        assert taken >= said, f"of {said} records of a reply {taken} were taken"
        if step.page.next is None and stream.name not in words.endless:
            assert not tells_more(response), f"the walk ended, though the reply tells more: {tells_more(response)}"
    if len(rows.states) == 1 and rows.pages[0].page.records:
        assert len(rows.live) >= told_total(replies[0]), "the first reply told of more records"


def _living(rig: Rig, stream: Stream) -> int | None:
    """How many there are, where the sandbox has populations by the stream's name (with a number for each parent)."""
    name = f"{rig.connector.name} {stream.name}"
    populations = rig.sandbox.world.populations
    found = [p for kind, p in populations.items() if kind == name or kind.rstrip("0123456789").rstrip() == name]
    return sum(p.size - len(p.deleted()) for p in found) if found else None


def each_row_has_one_key(case: Case) -> None:
    rows = case.rig().read(case.stream)
    for one, two in rows.doubled:
        assert one == two, f"two records share a key: {one[:200]!r} {two[:200]!r}"
    assert len(rows.doubled) <= _MOST_DOUBLED * len(rows.delivered), f"{len(rows.doubled)} records came twice"
    for key in rows.live:
        assert None not in key, f"a part of the key {case.stream.key} is null: {key}"


def every_column_resolves(case: Case) -> None:
    rig = case.rig(_MANY)
    rig.small_pages = False
    null = {column.name for column in case.stream.columns}
    for days in _LATER:
        rig.sandbox.advance(days=days)
        for row in rig.read(case.stream).live.values() if null else ():
            null -= {name for name, value in row.items() if value is not None}
    listed = told(case.connector.name).unresolved.get(case.stream.name, {})
    assert null <= set(listed), f"nowhere a value: {sorted(null - set(listed))}"
    assert set(listed) <= null, f"resolved after all, and still listed: {sorted(set(listed) - null)}"


def a_walk_goes_on_from_any_page(case: Case) -> None:
    rig, parent, steps = case.paged()
    whole = rows_of(case, parent, steps, rig)
    last = len(steps) - 1
    for stop in sorted({0, 1, last // 2, last - 1} - {last}):
        rest = list(rig.walk(case.stream, saved(steps[stop].page.state), parent))
        resumed = rows_of(case, parent, [*steps[: stop + 1], *rest], rig)
        assert resumed.raw == whole.raw, f"after page {stop + 1} of {last + 1}: {_difference(resumed, whole)}"
        assert len(rest) <= last - stop + 1, f"after page {stop + 1}, {len(rest)} more were read"


def an_idle_sync_is_cheap(case: Case) -> None:
    rig, stream = case.rig(), case.stream
    rows = Rows(stream)
    rig.sync(stream, rows)
    first, before = rig.calls_of(stream), dict(rows.raw)
    remembers = any(rows.states.values())
    rig.sync(stream, rows)
    again = rig.calls_of(stream) - first
    assert rows.raw.keys() == before.keys(), "rows came or went, though nothing happened"
    if remembers:
        walks = len(rows.states)
        assert again <= _IDLE_CALLS * walks, f"{again} calls for {walks} walks, though nothing happened"
    else:
        assert again <= first, f"{again} calls after {first}, though it reads everything each time"


def reading_in_parallel_changes_nothing(case: Case) -> None:
    rig, parent, steps = case.paged()
    parallel = list(rig.walk(case.stream, parent=parent, width=4))
    assert records(parallel) == records(steps)
    assert [step.page.state for step in parallel] == [step.page.state for step in steps]


def what_changed_is_found(case: Case) -> None:
    rig, stream = case.rig(), case.stream
    rows = Rows(stream)
    rig.sync(stream, rows)
    for _ in range(2):
        rig.sandbox.advance(days=1)
        rig.sync(stream, rows)
        _same(rig, stream, rows, settled=False)
    rig.sandbox.advance(days=8)
    # Some notice a deletion by reading everything once a week: the first sync forgets, the second reads.
    rig.sync(stream, rows)
    rig.sync(stream, rows)
    _same(rig, stream, rows, settled=True)


def what_changes_during_a_walk_is_not_missed(case: Case) -> None:
    rig, stream = case.rig(), case.stream
    rows = Rows(stream)
    rig.sync(stream, rows, between=lambda: rig.sandbox.advance(hours=7))
    rig.sync(stream, rows)
    _same(rig, stream, rows, settled=False)


def _same(rig: Rig, stream: Stream, rows: Rows, *, settled: bool) -> None:
    """The rows are those of a fresh read. Where a stream does not sweep, what a fresh read cannot see may stay, and
    figures may be as old as when the row was last told."""
    fresh = rig.read(stream)
    kept = rows.live
    if stream.mode == "snapshot":
        kept = {key: row for key, row in kept.items() if key[-1] == rig.sandbox.now().date()}
    missing = fresh.live.keys() - kept.keys()
    assert not missing, f"{len(missing)} of {len(fresh.live)} rows are missing, such as {min(missing)}"
    moving = stream.name in told(rig.connector.name).moving and not settled
    figures = () if stream.sweep and not moving else ("integer", "number")
    for key, row in fresh.live.items():
        for column in stream.columns:
            if column.type not in figures:
                old, new = kept[key][column.name], row[column.name]
                assert old == new, f"{column.name} of {key} is {old!r} and should be {new!r}"
    extra = kept.keys() - fresh.live.keys()
    if settled and stream.sweep:
        assert not extra, f"{len(extra)} rows are gone from the platform and still here, such as {min(extra)}"


def _difference(one: Rows, two: Rows) -> str:
    return f"missing {sorted(two.raw.keys() - one.raw.keys())[:3]}, extra {sorted(one.raw.keys() - two.raw.keys())[:3]}"


READING: Final[tuple[Check, ...]] = (
    everything_is_read,
    each_row_has_one_key,
    every_column_resolves,
    a_walk_goes_on_from_any_page,
    an_idle_sync_is_cheap,
    reading_in_parallel_changes_nothing,
    what_changed_is_found,
    what_changes_during_a_walk_is_not_missed,
)
