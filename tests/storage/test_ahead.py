"""What is staged ahead of the landing lands like what is not, and nothing that goes wrong with it loses anything."""

from __future__ import annotations

import resource
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.model import Column, Deletion, Table
from storage.warehouse import ahead
from storage.warehouse import drain as draining
from storage.warehouse.connection import Warehouse
from storage.warehouse.drain import Drain, DrainReport
from storage.warehouse.landing import SegmentHeader, read_header
from storage.warehouse.names import quoted
from tests.storage.places import FILES, T0, Place, later, table

LOG = table(name="log", mode="append", key=())
CHANGED = replace(FILES, columns=(*FILES.columns, Column(name="more", type="number")))
MEMBERS = table(Column(name="list", path="@parent/id", type="integer"), name="members", key=("id", "list"))
DAYS = table(Column(name="path"), name="days", mode="snapshot")
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


def everything(place: Place) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables of the warehouse, the bookkeeping's with them."""
    with place.warehouse.reading() as connection:
        names = connection.execute(
            "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'warehouse'"
        ).fetchall()
        return {
            f"{schema}.{name}": connection.execute(
                f"SELECT * FROM {quoted(schema)}.{quoted(name)} ORDER BY ALL"
            ).fetchall()
            for schema, name in names
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a segment holds, and what becomes of it before its landing."""

    table: Table
    parent: str
    records: Sequence[tuple[str, str]]
    deletions: Sequence[tuple[str, str, int]]
    walk: str
    then: str


_KEYS = st.sampled_from("1234")
_PATHS = st.sampled_from(["/a", "/a/b", "/b", "/a!"])
_BAD = (b"not JSON", b"", b"[1]", b"\xff", b'{"id":\n{}}', b'{"id": "1", "path": {}}', b'{"id": "2", "list": []}')
_WRITTEN = st.builds(
    Written,
    table=st.sampled_from([FILES, FILES, CHANGED, LOG, MEMBERS, DAYS]),
    parent=st.sampled_from(["7", "8", "no number"]),
    records=st.lists(
        st.one_of(st.tuples(_KEYS, _PATHS), st.tuples(st.just("bad"), st.sampled_from(range(len(_BAD))).map(str))),
        max_size=4,
    ),
    deletions=st.lists(
        st.one_of(
            st.tuples(st.just("id"), _KEYS, st.integers(0, 4)), st.tuples(st.just("path"), _PATHS, st.integers(0, 4))
        ),
        max_size=2,
    ),
    walk=st.sampled_from(["none", "none", "begins", "goes on", "ends"]),
    then=st.sampled_from(["staged", "staged", "gathered", "left alone"]),
)
_STEPS = st.one_of(_WRITTEN, _WRITTEN, _WRITTEN, st.sampled_from(["land prepared", "land", "another lands"]))


class Compared:
    """Lands with what is staged ahead in one place, and lands the same segments by plain drains in another."""

    def __init__(self, folder: Path) -> None:
        self.ours, self.plain = Place(folder=folder / "ours"), Place(folder=folder / "plain")
        self._drain = Drain(self.ours.warehouse, self.ours.landing)
        self._gathered: list[Path] = []
        self._kept: dict[str, bytes] = {}
        self._walks: dict[tuple[str, str], int] = {}
        self._time = 0
        self.our_report, self.plain_report = DrainReport(), DrainReport()
        self.plain.landing.folder.mkdir(parents=True)

    def write(self, written: Written) -> None:
        self._time += 1
        walk: dict[str, Any] = {}
        parent = {"id": written.parent} if written.table is MEMBERS else None
        key = (written.table.name, written.parent if parent else "")
        if written.walk == "begins" or (written.walk != "none" and key not in self._walks):
            self._walks[key] = self._time
        if written.walk != "none":
            walk = {"walk_started": later(self._walks[key]), "ends_walk": written.walk == "ends"}
        if written.walk == "ends":
            del self._walks[key]
        path = self.ours.write(
            *(_BAD[int(value)] if key == "bad" else {"id": key, "path": value} for key, value in written.records),
            deletions=[
                (Deletion(match={name: value}, subtree=name == "path"), min(before, len(written.records)))
                for name, value, before in sorted(written.deletions, key=lambda one: one[2])
                if name in {column.name for column in written.table.columns}
            ],
            table=written.table,
            parent=parent,
            at=later(self._time),
            state={"n": self._time} if self._time % 3 else None,
            **walk,
        )
        self._kept[path.name] = path.read_bytes()
        if written.then != "left alone":
            self._gathered.append(path)
        if written.then == "staged":
            self._drain.prepare(self._gathered, gently=bool(self._time % 2))
            self._gathered.clear()

    def land(self, how: str) -> None:
        match how:
            case "land prepared":
                self._drain.land_prepared(now=T0, report=self.our_report)
            case "land":
                self._drain.land(now=T0, wait=5.0, report=self.our_report)
            case _:
                with Drain(self.ours.warehouse, self.ours.landing) as other:
                    other.land(now=T0, wait=5.0, report=self.our_report)
        waiting = {path.name for path in self.ours.landing.pending()}
        for name in self._kept.keys() - waiting:
            (self.plain.landing.folder / name).write_bytes(self._kept.pop(name))
        with Drain(self.plain.warehouse, self.plain.landing) as plain:
            plain.land(now=T0, wait=5.0, report=self.plain_report)

    def close(self) -> None:
        self._drain.close()


@settings(max_examples=settings().max_examples // 6, deadline=None)
@given(steps=st.lists(_STEPS, max_size=14), at_once=st.sampled_from([6, 1000]))
def test_what_was_staged_ahead_lands_exactly_like_what_was_not(steps: list[Written | str], at_once: int) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(draining, "ROWS_AT_ONCE", at_once)
        compared = Compared(Path(folder))
        try:
            compared.write(
                Written(table=FILES, parent="", records=[("1", "/a")], deletions=[], walk="none", then="staged")
            )
            for step in steps:
                if isinstance(step, Written):
                    compared.write(step)
                else:
                    compared.land(step)
            compared.land("land")
        finally:
            compared.close()
        ours, plain = compared.our_report, compared.plain_report
        assert (ours.tables, ours.size, ours.rejected) == (plain.tables, plain.size, 0)
        assert everything(compared.ours) == everything(compared.plain)
        assert compared.ours.landing.pending() == []


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
    paths = [place.write(*({"id": f"{i}", "path": f"{i:0400}"} for i in range(3000)), table=DAYS), log(place, "b")]
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
    assert place.rows("SELECT count(*) FROM dropbox.days") == [(3000,)]
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
