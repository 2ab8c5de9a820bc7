"""Pages gather into segments, each with the state after its last page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.sdk.driver import Step
from core.errors import Busy
from core.model import EMPTY_STATE, Column, Deletion, Page, State, Table
from storage.warehouse.landing import LandingZone, SegmentHeader, read_header, saved_state
from tasks import segments
from tasks.segments import SegmentWriter

T0 = datetime(2026, 3, 1, tzinfo=UTC)
TABLE = Table(schema="desk", name="notes", key=("id",), columns=(Column(name="id", required=True),), sweep=True)


def a_writer(folder: Path, *, resume: State = EMPTY_STATE, guard: Callable[[], None] = lambda: None) -> SegmentWriter:
    writer = SegmentWriter(
        LandingZone(folder),
        table=TABLE,
        owner="local",
        integration="desk",
        run="a run",
        parent={"list": "7"},
        time=lambda: T0,
        guard=guard,
    )
    writer.resume(resume, None)
    return writer


def a_step(ids: Sequence[int], n: int, *, begins: bool = False, deleted: Sequence[tuple[int, int]] = ()) -> Step:
    page = Page(
        records=[b'{"id":"%d"}' % one for one in ids],
        state={"page": n},
        deleted=[Deletion(match={"id": str(one)}) for one, _ in deleted],
        deleted_at=[place for _, place in deleted],
    )
    return Step(page=page, begins=begins, call=n)


def written(folder: Path) -> list[tuple[SegmentHeader, list[bytes]]]:
    return [(read_header(path), path.read_bytes().splitlines()[1:]) for path in LandingZone(folder).pending()]


pages = st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=1, max_size=9)


@settings(max_examples=40)
@given(pages, st.integers(1, 8))
def test_segments_hold_what_the_pages_held_in_their_order(told: list[tuple[int, bool]], size: int) -> None:
    with TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr(segments, "SEGMENT_ROWS", size)
        folder, number = Path(name), 0
        writer = a_writer(folder)
        events: list[str] = []
        for n, (count, gone) in enumerate(told):
            ids = list(range(number, number + count))
            number += count
            # A deletion in the middle of the page's records.
            deleted = [(1000 + n, count // 2)] if gone else []
            writer.add(a_step(ids, n, begins=n == 0, deleted=deleted))
            events += [str(one) for one in ids[: count // 2]] + [f"-{one}" for one, _ in deleted]
            events += [str(one) for one in ids[count // 2 :]]
        writer.ended()
        writer.flush()
        found: list[str] = []
        for header, records in written(folder):
            assert header.rows == len(records)
            places = {told.records_before: told.deletion.match["id"] for told in header.deletions}
            for place in range(len(records) + 1):
                found += [f"-{told.deletion.match['id']}" for told in header.deletions if told.records_before == place]
                found += [record.decode()[7:-2] for record in records[place : place + 1]]
            assert all(0 <= place <= len(records) for place in places)
        headers = [header for header, _ in written(folder)]
        assert found == events
        assert headers[-1].state == {"page": len(told) - 1}
        assert [header.ends_walk for header in headers] == [False] * (len(headers) - 1) + [True]
        assert {header.walk_started for header in headers} == {T0}
        assert {header.partition for header in headers} == {'{"list":"7"}'}


def test_the_first_segments_of_a_walk_are_small_so_that_landing_begins_early(tmp_path: Path) -> None:
    writer = a_writer(tmp_path)
    for n in range(250):
        writer.add(a_step(range(100 * n, 100 * n + 100), n, begins=n == 0))
    writer.flush()
    assert [header.rows for header, _ in written(tmp_path)] == [1_000, 2_000, 4_000, 8_000, 10_000]


def test_nothing_to_say_is_not_written(tmp_path: Path) -> None:
    writer = a_writer(tmp_path, resume={"since": 1})
    writer.flush()
    writer.ended()
    writer.flush()
    assert written(tmp_path) == []


def test_a_state_that_moved_without_records_is_written(tmp_path: Path) -> None:
    writer = a_writer(tmp_path, resume={"page": 4})
    writer.add(a_step([], 5))
    writer.flush()
    writer.flush()
    assert [(header.rows, header.state, header.ends_walk) for header, _ in written(tmp_path)] == [
        (0, {"page": 5}, False)
    ]


@pytest.mark.parametrize("size", [1, 100])
def test_a_full_walk_that_was_not_shown_everything_ends_without_sweeping(
    tmp_path: Path, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does the walk after it, which begins from what this one left."""
    monkeypatch.setattr(segments, "SEGMENT_ROWS", size)
    writer = a_writer(tmp_path)
    writer.add(a_step([1], 1, begins=True))
    last = a_step([2], 2)
    writer.add(replace(last, page=replace(last.page, whole=False)))
    writer.ended()
    writer.flush()
    final, _ = written(tmp_path)[-1]
    assert (final.ends_walk, final.walk_started) == (True, None)
    saved = saved_state(final)
    assert saved is not None
    assert (saved.state, saved.walk_started) == ({"page": 2}, None)


def test_a_full_walk_that_found_nothing_still_ends(tmp_path: Path) -> None:
    writer = a_writer(tmp_path)
    writer.add(Step(page=Page(records=(), state=EMPTY_STATE), begins=True, call=1))
    writer.ended()
    writer.flush()
    assert [(header.rows, header.ends_walk, header.walk_started) for header, _ in written(tmp_path)] == [(0, True, T0)]


def test_a_walk_that_begins_again_begins_a_new_segment(tmp_path: Path) -> None:
    writer = a_writer(tmp_path, resume={"page": 8})
    writer.add(a_step([1], 9))
    writer.add(a_step([2], 1, begins=True))
    writer.flush()
    assert [(header.walk_started, header.rows) for header, _ in written(tmp_path)] == [(None, 1), (T0, 1)]


def test_a_large_page_does_not_wait_for_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "SEGMENT_BYTES", 20)
    writer = a_writer(tmp_path)
    writer.add(a_step([1], 0))
    assert written(tmp_path) == []
    writer.add(a_step([2], 1))
    assert len(written(tmp_path)) == 1


def test_who_may_not_write_any_more_does_not(tmp_path: Path) -> None:
    def refuse() -> None:
        raise Busy("the lease was lost", at=T0)

    writer = a_writer(tmp_path, guard=refuse)
    writer.add(a_step([1], 0))
    with pytest.raises(Busy):
        writer.flush()
    assert written(tmp_path) == []
