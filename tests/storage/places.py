"""What the warehouse's tests share: a place, a table and a shorter way to write segments."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from core.model import Column, Deletion, Table
from storage.warehouse.connection import Warehouse
from storage.warehouse.drain import drain
from storage.warehouse.landing import LandingZone
from storage.warehouse.report import DrainReport

T0 = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
FILES = Table(
    schema="dropbox",
    name="entries",
    key=("id",),
    sweep=True,
    columns=(
        Column(name="id", required=True),
        Column(name="path"),
        Column(name="kind", path=".tag"),
        Column(name="size", type="integer", path="info/size", minimum=0),
        Column(name="changed", type="timestamp", path="info/changed"),
    ),
)


def table(*columns: Column, **changes: Any) -> Table:
    """The files' table with other columns (besides the id)."""
    return replace(FILES, columns=(FILES.columns[0], *columns), **changes)


LOG = table(name="log", mode="append", key=())
CHANGED = replace(FILES, columns=(*FILES.columns, Column(name="more", type="number")))
"""The files' table as a later version of its connector describes it."""


def later(minutes: float) -> datetime:
    return T0 + timedelta(minutes=minutes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A warehouse and its landing zone in a folder."""

    folder: Path

    @property
    def warehouse(self) -> Warehouse:
        return Warehouse(self.folder / "warehouse.duckdb", threads=1)

    @property
    def landing(self) -> LandingZone:
        return LandingZone(self.folder / "landing")

    def write(
        self,
        *records: Mapping[str, Any] | bytes,
        at: datetime = T0,
        table: Table = FILES,
        integration: str = "box",
        deletions: Sequence[tuple[Deletion, int]] = (),
        **more: Any,
    ) -> Path:
        raw = [record if isinstance(record, bytes) else json.dumps(record).encode() for record in records]
        return self.landing.write(
            integration=integration,
            run="run-1",
            table=table,
            records=raw,
            fetched_at=at,
            deletions=deletions,
            **more,
        )

    def drain(self, now: datetime = T0, *, rejected: int = 0) -> DrainReport:
        report = drain(self.warehouse, self.landing, now=now, wait=30.0)
        assert report.rejected == rejected, [p.read_text() for p in self.landing.rejected.glob("*.reason")]
        return report

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.warehouse.reading() as connection:
            return connection.execute(query).fetchall()
