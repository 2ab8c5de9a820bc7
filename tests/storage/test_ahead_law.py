"""The law of staging ahead: it changes nothing about what lands."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.model import Column, Deletion, Table
from storage.warehouse import drain as draining
from storage.warehouse.drain import Drain
from storage.warehouse.names import quoted
from storage.warehouse.report import DrainReport
from tests.storage.places import CHANGED, FILES, LOG, T0, Place, later, table

MEMBERS = table(Column(name="list", path="@parent/id", type="integer"), name="members", key=("id", "list"))
DAYS = table(Column(name="path"), name="days", mode="snapshot")


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
    then=st.sampled_from(["staged", "staged", "counted", "gathered", "left alone"]),
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
        if written.then in ("staged", "counted"):
            self._drain.prepare(self._gathered, gently=bool(self._time % 2), new=written.then == "counted")
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


@pytest.mark.slow
@settings(max_examples=settings().max_examples // 8, deadline=None)
@given(steps=st.lists(_STEPS, max_size=12), at_once=st.sampled_from([6, 1000]))
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
