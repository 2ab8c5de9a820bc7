"""Segments staged ahead of their landing: whatever goes wrong with them, nothing is lost and nothing lands twice."""

from __future__ import annotations

import resource
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import msgspec
import pytest

from core.model import Deletion
from storage.warehouse import ahead
from storage.warehouse import drain as draining
from storage.warehouse.connection import Warehouse
from storage.warehouse.drain import Drain
from storage.warehouse.landing import SegmentHeader, read_header
from storage.warehouse.report import DrainReport
from tests.storage.places import CHANGED, LOG, T0, Place, later

IDS = "SELECT id FROM dropbox.log ORDER BY rowid"


@contextmanager
def opened(place: Place) -> Iterator[tuple[Drain, DrainReport]]:
    with Drain(place.warehouse, place.landing) as drain:
        yield drain, DrainReport()


def log(place: Place, *ids: str) -> Path:
    return place.write(*({"id": one} for one in ids), table=LOG)


def spoil(path: Path) -> None:
    """Makes the header tell of a line more than there is."""
    head, body = path.read_bytes().split(b"\n", 1)
    mark, header = msgspec.json.decode(head, type=tuple[str, SegmentHeader])
    told = msgspec.structs.replace(header, rows=header.rows + 1)
    path.write_bytes(msgspec.json.encode((mark, told)) + b"\n" + body)


def test_what_is_staged_is_not_read_from_its_file_again(place: Place) -> None:
    paths = [log(place, "a", "a"), place.write({"id": "a"}), log(place, "a"), log(place, "a")]
    with opened(place) as (drain, report):
        assert [drain.prepare(some, gently=False) for some in (paths[:3], paths[3:])] == [4, 5]
        for path in paths:
            path.write_bytes(path.read_bytes().replace(b'"a"', b'"b"'))
        drain.land(now=T0, wait=0.0, report=report)
    assert place.rows(IDS) == [("a",)] * 4
    assert place.rows("SELECT id FROM dropbox.entries") == [("a",)]


def test_a_segment_that_another_process_landed_meanwhile_does_not_land_twice(place: Place) -> None:
    gone, left = log(place, "a"), log(place, "b")
    content = left.read_bytes()
    with opened(place) as (drain, report):
        drain.prepare([gone, left], gently=True)
        place.drain()
        left.write_bytes(content)  # as if the other had died between commit and unlink
        after = log(place, "c")
        drain.prepare([gone, left, after], gently=True)
        drain.land_prepared(now=T0, report=report)
        assert (report.segments, report.rows) == (1, 1)
        drain.land(now=T0, wait=0.0, report=report)
    assert place.rows(IDS) == [("a",), ("b",), ("c",)]
    assert place.landing.pending() == []


def test_a_segment_that_vanishes_while_it_is_staged_is_left_out(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    gone, stays = log(place, "a"), place.write({"id": "b"})

    def another_is_faster(path: Path) -> SegmentHeader:
        header = read_header(path)
        if path == gone:
            place.landing.folder.joinpath("away").write_bytes(path.read_bytes())
            path.unlink()
        return header

    monkeypatch.setattr(ahead, "read_header", another_is_faster)
    with opened(place) as (drain, report):
        assert drain.prepare([gone, stays], gently=True) == 1
        drain.land_prepared(now=T0, report=report)
    assert report.rows == 1


def test_a_broken_file_is_left_to_the_landing_which_sets_it_aside(place: Place) -> None:
    good, broken, missing = log(place, "a"), log(place, "b"), place.landing.folder / "missing.ndjson"
    broken.write_bytes(broken.read_bytes()[:-3])
    with opened(place) as (drain, report):
        assert drain.prepare([broken, missing, good], gently=True) == 1
        drain.land(now=T0, wait=0.0, report=report)
    assert place.rows(IDS) == [("a",)]
    assert [path.name for path in place.landing.rejected.glob("*.ndjson")] == [broken.name]


def test_a_poisoned_segment_among_the_staged_is_rejected_alone(place: Place) -> None:
    paths = [log(place, str(number)) for number in range(5)]
    other = place.write({"id": "x"})
    spoil(paths[2])
    with opened(place) as (drain, report):
        drain.prepare([*paths, other], gently=True)
        drain.land_prepared(now=T0, report=report)
        assert (report.segments, report.rows, report.rejected) == (5, 5, 1)
        drain.prepare([log(place, "5")], gently=True)
        drain.land_prepared(now=T0, report=report)
        assert report.rows == 6
    assert place.rows(IDS) == [("0",), ("1",), ("3",), ("4",), ("5",)]
    assert place.rows("SELECT id FROM dropbox.entries") == [("x",)]
    assert [path.name for path in place.landing.rejected.glob("*.ndjson")] == [paths[2].name]


def test_what_another_run_left_lands_before_what_is_staged_and_what_came_after_waits(place: Place) -> None:
    place.write({"id": "a", "path": "/old"}, {"id": "b", "path": "/old"})
    new = place.write({"id": "a", "path": "/new"}, at=later(1))
    after = place.write({"id": "b", "path": "/newest"}, at=later(2))
    with opened(place) as (drain, report):
        drain.prepare([new], gently=True)
        drain.land_prepared(now=T0, report=report)
        assert place.landing.pending() == [after]
        assert place.rows("SELECT id, path FROM dropbox.entries ORDER BY id") == [("a", "/new"), ("b", "/old")]
        drain.land(now=T0, wait=0.0, report=report)
    assert place.rows("SELECT id, path FROM dropbox.entries ORDER BY id") == [("a", "/new"), ("b", "/newest")]
    assert report.segments == 3


def test_nothing_staged_lands_nothing(place: Place) -> None:
    path = log(place, "a")
    with opened(place) as (drain, report):
        drain.land_prepared(now=T0, report=report)
    assert (place.landing.pending(), report.segments) == ([path], 0)


def test_a_busy_warehouse_leaves_everything_for_later_and_says_so(place: Place) -> None:
    paths = [log(place, "a"), log(place, "b")]
    with opened(place) as (drain, report):
        with place.warehouse.writing():
            assert drain.prepare(paths, gently=True) == 2
            drain.land_prepared(now=T0, report=report)
            assert not report.busy
            drain.land(now=T0, wait=0.0, report=report)
            assert report.busy
            assert place.landing.pending() == paths
        drain.land(now=T0, wait=0.0, report=report)
        assert (report.busy, report.rows) == (False, 2)
    assert place.rows(IDS) == [("a",), ("b",)]


class Watched(Warehouse):
    """Keeps the connections it makes."""

    made: list[duckdb.DuckDBPyConnection]

    def connect(self) -> duckdb.DuckDBPyConnection:
        connection = super().connect()
        self.made.append(connection)
        return connection


@pytest.fixture
def watched(place: Place) -> Watched:
    warehouse = Watched(place.warehouse.path, threads=2)
    object.__setattr__(warehouse, "made", [])
    return warehouse


def test_all_threads_are_back_after_a_landing_that_found_the_warehouse_in_use(place: Place, watched: Watched) -> None:
    with Drain(watched, place.landing) as drain:
        drain.prepare([log(place, "a")], gently=True)
        with place.warehouse.writing():
            drain.land_prepared(now=T0, report=DrainReport())
        assert watched.made[0].execute("SELECT current_setting('threads')").fetchall() == [(2,)]


@pytest.mark.parametrize("spoiled", [False, True])
def test_what_was_staged_does_not_stay_in_memory(place: Place, watched: Watched, spoiled: bool) -> None:
    paths = [log(place, "a"), log(place, "b"), place.write({"id": "c"})]
    if spoiled:
        spoil(paths[1])
    with Drain(watched, place.landing) as drain:
        drain.prepare(paths, gently=True)
        query = "SELECT count(*) FROM duckdb_tables() WHERE table_name LIKE 'ahead%'"
        assert watched.made[0].execute(query).fetchall() == [(2,)]
        drain.land(now=T0, wait=0.0, report=DrainReport())
        assert watched.made[0].execute(query).fetchall() == [(0,)]


@contextmanager
def full_disk(path: Path) -> Iterator[None]:
    """No file grows beyond what this one has now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_told_and_nothing_is_lost(place: Place) -> None:
    log(place, "a")
    place.drain()
    paths = [place.write(*({"id": f"{i}", "path": f"{i:0400}"} for i in range(3000)), table=CHANGED), log(place, "b")]
    with opened(place) as (drain, report):
        drain.prepare(paths, gently=True)
        with full_disk(place.warehouse.path):
            drain.land_prepared(now=T0, report=report)
            with pytest.raises(duckdb.Error, match="Could not write file"):
                drain.land(now=T0, wait=0.0, report=report)
        assert (place.landing.pending(), report.segments) == (paths, 0)
        drain.prepare(paths, gently=True)
        drain.land(now=T0, wait=0.0, report=report)
        assert (report.rows, place.landing.pending()) == (3001, [])
    assert place.rows("SELECT count(*) FROM dropbox.entries") == [(3000,)]
    assert place.rows(IDS) == [("a",), ("b",)]


def test_what_landed_before_an_error_counts_once_and_the_rest_lands_next(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(draining, "ROWS_AT_ONCE", 2)
    paths = [log(place, str(number), "more") for number in range(3)]
    spoil(paths[1])
    place.landing.rejected.write_text("a file in the way")
    with opened(place) as (drain, report):
        drain.prepare(paths, gently=True)
        with pytest.raises(FileExistsError):
            drain.land(now=T0, wait=0.0, report=report)
        assert (place.landing.pending(), report.segments) == (paths[1:], 1)
        place.landing.rejected.unlink()
        drain.prepare(paths[1:], gently=True)
        drain.land(now=T0, wait=0.0, report=report)
        assert (report.segments, report.rows, report.rejected) == (2, 4, 1)
    assert Counter(place.rows(IDS)) == {("0",): 1, ("2",): 1, ("more",): 2}


def test_staging_takes_no_more_memory_where_the_warehouse_is_held_for_long(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(draining, "ROWS_AT_ONCE", 3)
    with opened(place) as (drain, report):
        with place.warehouse.writing():
            staged = []
            for number in range(4):
                staged.append(drain.prepare([log(place, str(number), "more")], gently=True))
                drain.land_prepared(now=T0, report=report)
            assert staged == [2, 4, 4, 4]
        drain.land_prepared(now=T0, report=report)
        assert len(place.landing.pending()) == 2
        assert drain.prepare([log(place, "4")], gently=True) == 1
        drain.land(now=T0, wait=0.0, report=report)
    assert [row for row in place.rows(IDS) if row != ("more",)] == [(str(number),) for number in range(5)]
    assert report.rows == 9


def test_a_record_in_quarantine_was_seen_even_where_its_row_lands_with_it(place: Place) -> None:
    place.write({"id": "a"})
    place.write({"id": "a", "info": {"size": -1}}, at=later(2), walk_started=later(1), ends_walk=True)
    report = place.drain()
    assert (report.quarantined, report.deleted) == (1, 0)
    assert place.rows("SELECT id FROM dropbox.entries WHERE _deleted_at IS NULL") == [("a",)]


def test_what_was_written_before_and_after_columns_changed_lands_together(place: Place) -> None:
    place.write({"id": "a", "path": "/1", "more": 1}, {"id": "b", "more": 2})
    place.drain()
    paths = [
        place.write({"id": "a", "path": "/2", "more": 3}, deletions=[(Deletion(match={"id": "b"}), 1)]),
        place.write({"id": "c", "more": 4}, table=CHANGED),
    ]
    with opened(place) as (drain, report):
        drain.prepare(paths, gently=True)
        drain.land_prepared(now=T0, report=report)
    assert (report.rows, report.deleted, report.rejected) == (2, 1, 0)
    assert place.rows("SELECT id, path, more, _deleted_at IS NULL FROM dropbox.entries ORDER BY id") == [
        ("a", "/2", 3.0, True),
        ("b", None, 2.0, False),
        ("c", None, 4.0, True),
    ]
