"""The drain: what waits lands once, checked, merged by key, with its state."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Busy
from core.model import Column, Deletion, Table
from storage.warehouse.drain import drain
from storage.warehouse.landing import SavedState
from storage.warehouse.merge import check_keys
from storage.warehouse.reading import parents, states, table_counts
from tests.storage.places import FILES, T0, Place, later, table

LIVE = "SELECT id FROM dropbox.entries WHERE _deleted_at IS NULL ORDER BY id"


def test_records_land_typed_with_their_raw_text_and_origin(place: Place) -> None:
    place.write({"id": "a", ".tag": "file", "info": {"size": "12", "changed": "2026-01-02T03:04:05+02:00"}, "more": 1})
    report = place.drain()
    assert (report.rows, report.quarantined, report.deleted, report.segments) == (1, 0, 0, 1)
    at = T0.replace(tzinfo=None)
    assert place.rows(
        "SELECT id, kind, size, changed, _raw->>'more', _owner, _integration, _partition, _run,"
        " _first_seen, _last_seen, _deleted_at FROM dropbox.entries"
    ) == [
        ("a", "file", 12, datetime.fromisoformat("2026-01-02T01:04:05"), "1", "local", "box", "", "run-1", at, at, None)
    ]
    assert place.landing.pending() == []


def test_a_key_seen_again_replaces_its_row_and_keeps_when_it_was_first_seen(place: Place) -> None:
    place.write({"id": "a", "path": "/1"}, {"id": "b", "path": "/b"})
    place.drain()
    place.write({"id": "a", "path": "/2"}, {"id": "a", "path": "/3"}, at=later(1))
    place.write({"id": "a", "path": "/4"}, at=later(2))
    place.drain()
    first, last = T0.replace(tzinfo=None), later(2).replace(tzinfo=None)
    assert place.rows("SELECT id, path, _first_seen, _last_seen FROM dropbox.entries ORDER BY id") == [
        ("a", "/4", first, last),
        ("b", "/b", first, first),
    ]


def test_the_same_key_of_another_integration_or_owner_is_another_row(place: Place) -> None:
    place.write({"id": "a"})
    place.write({"id": "a"}, integration="other")
    place.write({"id": "a"}, owner="somebody")
    place.drain()
    place.write({"id": "a", "path": "/new"}, at=later(1))
    place.drain()
    assert place.rows("SELECT _owner, _integration, path FROM dropbox.entries ORDER BY ALL") == [
        ("local", "box", "/new"),
        ("local", "other", None),
        ("somebody", "box", None),
    ]


def test_a_snapshot_keeps_one_row_per_key_and_day(place: Place) -> None:
    counters = table(Column(name="followers", type="integer"), mode="snapshot")
    for minutes, count in ((0, 1), (5, 2), (24 * 60, 3)):
        place.write({"id": "a", "followers": count}, at=later(minutes), table=counters)
    place.drain()
    place.write({"id": "a", "followers": 4}, at=later(24 * 60 + 9), table=counters)
    place.drain()
    assert place.rows("SELECT CAST(_day AS VARCHAR), followers FROM dropbox.entries ORDER BY 1") == [
        ("2026-03-01", 2),
        ("2026-03-02", 4),
    ]


def test_in_append_mode_every_record_stays(place: Place) -> None:
    place.write({"id": "a"}, {"id": "a"}, table=table(mode="append", key=()))
    place.drain()
    assert place.rows("SELECT count(*) FROM dropbox.entries") == [(2,)]


def test_a_deleted_folder_takes_its_subtree_along_but_not_its_neighbours(place: Place) -> None:
    paths = ["/a", "/a/b", "/a/b/c", "/a!", "/ab", "/a-b/c", "/b/a", "/a/z"]
    place.write(*({"id": path, "path": path} for path in paths))
    place.drain()
    gone = [Deletion(match={"path": path}, subtree=True) for path in ("/a", "/a/b", "/x")]
    place.write({"id": "new", "path": "/a/b/new"}, deletions=[(one, 0) for one in gone], at=later(1))
    report = place.drain()
    assert report.deleted == 4
    assert place.rows(LIVE) == [("/a!",), ("/a-b/c",), ("/ab",), ("/b/a",), ("new",)]


def test_thousands_of_deletions_and_records_at_once_are_not_compared_each_with_each(place: Place) -> None:
    paths = [f"/folder {i % 50}/file {i}" for i in range(10_000)]
    place.write(*({"id": path, "path": path} for path in paths))
    place.drain()
    gone = [(Deletion(match={"path": path}, subtree=True), len(paths)) for path in paths]
    place.write(*({"id": path, "path": path} for path in paths), deletions=gone)
    assert place.drain().deleted == len(paths)


def test_order_between_records_and_deletions_counts(place: Place) -> None:
    def gone(key: str) -> Deletion:
        return Deletion(match={"id": key})

    place.write(
        {"id": "revived"},
        {"id": "gone"},
        {"id": "revived", "path": "/again"},
        deletions=[(gone("revived"), 1), (gone("gone"), 2), (gone("unknown"), 3)],
    )
    place.drain()
    assert place.rows(LIVE) == [("revived",)]
    place.write({"id": "gone"}, at=later(1))
    place.drain()
    assert place.rows("SELECT id, _first_seen FROM dropbox.entries WHERE _deleted_at IS NULL ORDER BY id") == [
        ("gone", T0.replace(tzinfo=None)),
        ("revived", T0.replace(tzinfo=None)),
    ]


def test_a_deletion_of_one_partition_leaves_the_others_alone(place: Place) -> None:
    members = table(Column(name="list", path="@parent/id"), key=("id", "list"))
    for audience in ("x", "y"):
        place.write({"id": "m"}, table=members, parent={"id": audience})
    place.drain()
    place.write(table=members, parent={"id": "x"}, deletions=[(Deletion(match={"id": "m"}), 0)])
    place.drain()
    assert place.rows("SELECT list FROM dropbox.entries WHERE _deleted_at IS NULL") == [("y",)]


def test_a_full_walk_tombstones_what_it_did_not_see_in_its_own_partition(place: Place) -> None:
    members = table(Column(name="list", path="@parent/id"), key=("id", "list"))
    for audience in ("x", "y"):
        place.write({"id": "1"}, {"id": "2"}, table=members, parent={"id": audience}, walk_started=T0, ends_walk=True)
    place.drain()
    walk: dict[str, Any] = {"table": members, "parent": {"id": "x"}, "walk_started": later(10)}
    place.write({"id": "1"}, at=later(11), **walk)
    place.drain()
    assert len(place.rows(LIVE)) == 4
    place.write({"id": "3"}, at=later(12), ends_walk=True, **walk)
    assert place.drain().deleted == 1
    assert place.rows("SELECT list, id FROM dropbox.entries WHERE _deleted_at IS NULL ORDER BY ALL") == [
        ("x", "1"),
        ("x", "3"),
        ("y", "1"),
        ("y", "2"),
    ]


def test_a_record_in_quarantine_was_seen_so_its_row_is_not_taken_for_gone(place: Place) -> None:
    place.write({"id": "a", "path": "/a"}, {"id": "b"})
    place.drain()
    place.write({"id": "a", "info": {"size": -1}}, at=later(2), walk_started=later(1), ends_walk=True)
    report = place.drain()
    assert (report.quarantined, report.deleted) == (1, 1)
    assert place.rows("SELECT id, path FROM dropbox.entries WHERE _deleted_at IS NULL") == [("a", "/a")]


def test_a_stream_without_sweep_loses_nothing_when_a_walk_ends(place: Place) -> None:
    kept = table(sweep=False)
    place.write({"id": "a"}, table=kept)
    place.drain()
    place.write(table=kept, at=later(2), walk_started=later(1), ends_walk=True)
    place.drain()
    assert place.rows(LIVE) == [("a",)]


def test_the_state_lands_with_the_data_and_a_waiting_one_overrides_it(place: Place) -> None:
    def saved() -> dict[tuple[str, str], SavedState]:
        return states(place.warehouse, place.landing, "box")

    assert saved() == {}
    place.write({"id": "a"}, state={"cursor": 1}, walk_started=T0)
    assert saved() == {("entries", ""): SavedState(state={"cursor": 1}, walk_started=T0)}
    place.drain()
    assert saved() == {("entries", ""): SavedState(state={"cursor": 1}, walk_started=T0)}
    place.write(state={"cursor": [2, {"x": None}]}, ends_walk=True, walk_started=T0)
    assert saved() == {("entries", ""): SavedState(state={"cursor": [2, {"x": None}]})}
    place.drain()
    assert saved() == {("entries", ""): SavedState(state={"cursor": [2, {"x": None}]})}
    assert states(place.warehouse, place.landing, "other") == {}
    assert states(place.warehouse, place.landing, "box", owner="somebody") == {}


def test_a_segment_that_landed_before_a_crash_does_not_land_again(place: Place) -> None:
    path = place.write({"id": "a"}, table=table(mode="append", key=()), state={"n": 1})
    content = path.read_bytes()
    place.drain()
    place.write(state={"n": 2})
    place.drain()
    path.write_bytes(content)  # as if the process had died between commit and unlink
    assert states(place.warehouse, place.landing, "box")["entries", ""].state == {"n": 2}
    assert place.drain().segments == 0
    assert place.rows("SELECT count(*) FROM dropbox.entries") == [(1,)]
    assert states(place.warehouse, place.landing, "box")["entries", ""].state == {"n": 2}
    assert place.landing.pending() == []


def test_parents_are_the_live_rows_of_one_integration(place: Place) -> None:
    assert parents(place.warehouse, FILES, "box", ["id"]) == []
    place.write(
        {"id": "b", "info": {"size": 1}}, {"id": "a"}, {"id": "c"}, deletions=[(Deletion(match={"id": "c"}), 3)]
    )
    place.write({"id": "z"}, integration="other")
    place.drain()
    assert parents(place.warehouse, FILES, "box", ["id", "size"]) == [
        {"id": "a", "size": None},
        {"id": "b", "size": 1},
    ]
    assert table_counts(place.warehouse) == {"dropbox.entries": 3}


def test_a_drain_takes_what_all_streams_left_and_a_poisoned_segment_stands_alone(place: Place) -> None:
    broken = Table(schema="x", name="bad", columns=(Column(name="id"), Column(name="ID")))
    place.write({"id": "1"}, table=broken)
    place.write({"id": "a"})
    place.write({"id": "1"}, table=Table(schema="x", name="posts", columns=(Column(name="id"),), key=("id",)))
    report = place.drain(rejected=1)
    assert {name: one.rows for name, one in report.tables.items()} == {"dropbox.entries": 1, "x.posts": 1}


def test_a_drain_that_finds_the_warehouse_in_use_leaves_it_to_the_holder(place: Place) -> None:
    place.write({"id": "a"})
    with place.warehouse.writing():
        assert drain(place.warehouse, place.landing, now=T0, wait=0).busy
        with pytest.raises(Busy, match="in use"), place.warehouse.reading(wait=0):
            pass
    assert place.drain().rows == 1


def test_readers_share_the_warehouse(place: Place) -> None:
    place.write({"id": "a"})
    place.drain()
    with place.warehouse.reading(wait=0) as one, place.warehouse.reading(wait=0) as other:
        assert one.execute(LIVE).fetchall() == other.execute(LIVE).fetchall() == [("a",)]


def test_no_key_is_ever_landed_twice(place: Place) -> None:
    place.write({"id": "a"}, {"id": "a"}, {"id": "b"})
    place.drain()
    with place.warehouse.writing() as connection:
        assert check_keys(connection, FILES) == 0
        connection.execute("INSERT INTO dropbox.entries SELECT * FROM dropbox.entries WHERE id = 'a'")
        assert check_keys(connection, FILES) == 1


_KEYS = st.sampled_from(["1", "2", "3", "4"])
_PATHS = st.sampled_from(["/a", "/a/b", "/a/b/c", "/b", "/a!", "/ab/c"])
_EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), _KEYS, _PATHS),
        st.tuples(st.just("remove"), _KEYS),
        st.tuples(st.just("remove tree"), _PATHS),
        st.tuples(st.just("bad"), _KEYS),
        st.just(("cut",)),
        st.just(("drain",)),
    ),
    max_size=25,
)


@settings(max_examples=15, deadline=None)
@given(events=_EVENTS)
def test_any_order_of_events_cut_anywhere_ends_as_a_plain_dictionary_would(events: list[tuple[str, ...]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        place = Place(folder=Path(folder))
        model: dict[str, tuple[str, bool]] = {}
        records: list[bytes] = []
        deletions: list[tuple[Deletion, int]] = []

        def cut() -> None:
            place.write(*records, deletions=deletions, state={"events": done})
            records.clear()
            deletions.clear()

        done = 0
        for event in events:
            done += 1
            match event:
                case ("put", key, path):
                    records.append(json.dumps({"id": key, "path": path}).encode())
                    model[key] = (path, True)
                case ("remove", key):
                    deletions.append((Deletion(match={"id": key}), len(records)))
                    if key in model:
                        model[key] = (model[key][0], False)
                case ("remove tree", path):
                    deletions.append((Deletion(match={"path": path}, subtree=True), len(records)))
                    for key, (at, _) in list(model.items()):
                        if f"{at}/".startswith(f"{path}/"):
                            model[key] = (at, False)
                case ("bad", key):
                    records.append(json.dumps({"id": key, "path": {}}).encode())
                case ("cut",):
                    cut()
                case ("drain",):
                    cut()
                    place.drain()
        cut()
        place.drain()
        rows = place.rows("SELECT id, path, _deleted_at IS NULL FROM dropbox.entries")
        assert sorted(rows) == sorted((key, path, live) for key, (path, live) in model.items())
        assert states(place.warehouse, place.landing, "box")["entries", ""].state == {"events": done}


def test_neither_the_drain_nor_a_question_imports_pandas_or_pyarrow(tmp_path: Path) -> None:
    script = f"""
import sys
from pathlib import Path
from tests.storage.places import FILES, Place
from storage.warehouse.asking import run_question
from storage.warehouse.reading import parents, states

place = Place(folder=Path({str(tmp_path)!r}))
place.write({{"id": "a", "more": 1}}, b"bad", state={{}}, parent={{"id": "p"}})
place.drain()
states(place.warehouse, place.landing, "box")
parents(place.warehouse, FILES, "box", ["id"])
run_question(place.warehouse, "quarantine", {{"integration": "it's"}})
print(sorted({{"numpy", "pandas", "pyarrow"}} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_another_program_that_has_the_file_open_is_named(place: Place) -> None:
    place.write({"id": "a"})
    place.drain()
    script = f"import duckdb; c = duckdb.connect({str(place.warehouse.path)!r}); print(1, flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as shell:
        assert shell.stdout is not None
        shell.stdout.readline()
        place.write({"id": "b"})
        assert drain(place.warehouse, place.landing, now=T0, wait=0).busy
        with pytest.raises(Busy, match=f"process {shell.pid}") as busy, place.warehouse.reading(wait=0):
            pass
        assert busy.value.at > T0
        shell.communicate(b"\n")
    assert place.drain().rows == 1
