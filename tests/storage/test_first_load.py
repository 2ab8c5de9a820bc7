"""A first load goes straight from its files into the table, and ends as staging and merging would have ended."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.model import Column, Deletion, Table
from storage.warehouse.drain import Drain
from storage.warehouse.first_load import land_new
from storage.warehouse.report import DrainReport
from storage.warehouse.schema import create_bookkeeping, shape
from tests.storage.places import FILES, LOG, T0, Place, later, table

WALK: dict[str, Any] = {"walk_started": T0}
KEPT = "SELECT id, path, _integration, _first_seen, _last_seen, _deleted_at, _raw FROM dropbox.entries ORDER BY ALL"


def goes_straight(place: Place, table: Table = FILES) -> bool:
    """Whether what waits goes straight into its table. It is not landed by that."""
    with place.warehouse.writing() as connection:
        create_bookkeeping(connection)
        connection.begin()
        shape(connection, table, now=T0)
        before = connection.execute(f"SELECT count(*) FROM dropbox.{table.name}").fetchall()
        staged = land_new(connection, table, place.landing.waiting())
        if staged is None:
            assert connection.execute(f"SELECT count(*) FROM dropbox.{table.name}").fetchall() == before
        connection.rollback()
    return staged is not None


def test_the_first_full_walk_of_an_integration_goes_straight(place: Place) -> None:
    place.write({"id": "a"}, integration="other", at=later(-9))
    place.drain()
    place.write({"id": "a"}, {"id": "b"}, at=later(1), **WALK)
    place.write({"id": "c"}, at=later(2), **WALK, ends_walk=True)
    assert goes_straight(place)
    report = place.drain()
    assert (report.rows, report.quarantined, report.deleted) == (3, 0, 0)
    place.write({"id": "d"}, at=later(1), **WALK)
    assert goes_straight(place), "nothing was known before this walk began"


def test_rows_that_are_only_appended_go_straight(place: Place) -> None:
    place.write({"id": "a"}, {"id": "a"}, table=LOG)
    place.drain()
    place.write({"id": "a"}, {"id": "b"}, table=LOG)
    assert goes_straight(place, LOG)


@pytest.mark.parametrize(
    ("records", "more"),
    [
        pytest.param([{"id": "x"}], {}, id="it is not a full walk"),
        pytest.param([{"id": "x"}, {"id": "x", "path": "/2"}], WALK, id="a key comes twice"),
        pytest.param([{"id": "x"}, b"not JSON"], WALK, id="a record is bad"),
        pytest.param([{"id": "x"}], {**WALK, "deletions": [(Deletion(match={"id": "x"}), 1)]}, id="one is deleted"),
        pytest.param([{"id": "x"}], {"walk_started": later(30)}, id="something was known before the walk"),
        pytest.param([{"id": "known"}], WALK, id="its row is there since the walk began"),
    ],
)
def test_what_is_not_quite_new_is_staged_and_merged(place: Place, records: list[Any], more: dict[str, Any]) -> None:
    place.write({"id": "known", "path": "/1"}, **WALK)
    place.drain()
    place.write(*records, at=later(40), **more)
    assert not goes_straight(place)
    place.drain()
    assert len(place.rows("SELECT DISTINCT id FROM dropbox.entries")) == len(place.rows(KEPT))


def test_snapshots_are_merged_by_day(place: Place) -> None:
    days = table(Column(name="followers", type="integer"), mode="snapshot")
    place.write({"id": "a", "followers": 1}, table=days, **WALK)
    assert not goes_straight(place, days)


def test_a_load_of_many_rows_that_turns_out_not_to_be_new_is_taken_back_whole(place: Place) -> None:
    """More than a row group: DuckDB has then written them into the file already."""
    place.write(*({"id": f"{n}", "path": "/1"} for n in range(40_000)), **WALK)
    place.write({"id": "7", "path": "/2"}, at=later(1), **WALK, ends_walk=True)
    report = place.drain()
    assert (report.rows, report.rejected) == (40_001, 0)
    assert place.rows("SELECT count(*), count(DISTINCT id), count(*) FILTER (path = '/2') FROM dropbox.entries") == [
        (40_000, 40_000, 1)
    ]


def test_a_walk_that_was_begun_anew_still_sweeps_what_its_first_half_saw(place: Place) -> None:
    place.write({"id": "gone"}, at=later(1), **WALK)
    place.write({"id": "here"}, at=later(6), walk_started=later(5), ends_walk=True)
    assert goes_straight(place)
    assert place.drain().deleted == 1
    assert place.rows("SELECT id FROM dropbox.entries WHERE _deleted_at IS NULL") == [("here",)]


_RECORDS = st.lists(
    st.one_of(
        st.fixed_dictionaries({"id": st.integers(0, 40).map(str), "path": st.sampled_from(["/a", "/b"])}),
        st.sampled_from([b"not JSON", b"[1]", {"id": "1", "info": {"size": -1}}]),
    ),
    max_size=6,
)


@pytest.mark.slow
@given(
    loads=st.lists(st.lists(_RECORDS, min_size=1, max_size=3), min_size=1, max_size=3),
    described=st.sampled_from([FILES, replace(FILES, mode="append", key=())]),
)
def test_it_ends_as_staging_would_have(loads: Sequence[Sequence[Sequence[Any]]], described: Table) -> None:
    with tempfile.TemporaryDirectory() as folder:
        straight, staged = Place(folder=Path(folder) / "straight"), Place(folder=Path(folder) / "staged")
        reports = DrainReport(), DrainReport()
        with Drain(straight.warehouse, straight.landing) as one, Drain(staged.warehouse, staged.landing) as other:
            for number, load in enumerate(loads):
                for records in load:
                    written = {"table": described, "at": later(number), **WALK}
                    straight.write(*records, **written)
                    other.prepare([staged.write(*records, **written)], gently=False)
                one.land(now=T0, wait=5.0, report=reports[0])
                other.land(now=T0, wait=5.0, report=reports[1])
        assert reports[0].tables == reports[1].tables
        quarantined = "SELECT reason, raw FROM landed.quarantine ORDER BY ALL"
        for query in (KEPT, quarantined):
            assert straight.rows(query) == staged.rows(query)
