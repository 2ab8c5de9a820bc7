"""What a drain did, by table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(slots=True, kw_only=True)
class TableReport:
    """What landed in one table. `rows` passed the checks, `deleted` were tombstoned."""

    segments: int = 0
    rows: int = 0
    quarantined: int = 0
    deleted: int = 0


@dataclass(slots=True, kw_only=True)
class DrainReport:
    """What a drain did, by table ("platform.stream"). `rejected` segments were set aside with a reason.

    `busy`: the warehouse was not free; whoever holds it lands what waits. `seconds` holding it; `size` in bytes.
    """

    tables: dict[str, TableReport] = field(default_factory=dict)
    rejected: int = 0
    busy: bool = False
    seconds: float = 0.0
    size: int = 0

    def of(self, table: str) -> TableReport:
        return self.tables.setdefault(table, TableReport())

    @property
    def segments(self) -> int:
        return sum(table.segments for table in self.tables.values())

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables.values())

    @property
    def quarantined(self) -> int:
        return self.quarantined_of(self.tables)

    def quarantined_of(self, tables: Iterable[str]) -> int:
        return sum(self.tables[name].quarantined for name in tables if name in self.tables)

    @property
    def deleted(self) -> int:
        return sum(table.deleted for table in self.tables.values())
