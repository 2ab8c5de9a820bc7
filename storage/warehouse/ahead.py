"""Segments that are parsed and checked before the warehouse is held: the longer half of landing them.

They lie in memory, in temporary tables of a connection that has not attached the warehouse yet. It is only work done
early: whatever goes wrong here is left to the landing, which reads the files again and says what is the matter.
Segments can also be counted only, and are left to the landing altogether.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

import duckdb

from core.model import Table
from storage.warehouse.landing import Segment, SegmentBroken, read_header
from storage.warehouse.stage import STAGE, lines, staging


@dataclass(slots=True, kw_only=True)
class _Group:
    """The segments of one table that are staged in the temporary table `name`, in the order of their numbers."""

    name: str
    segments: list[Segment] = field(default_factory=list)


class Ahead:
    """What is staged or counted on one connection: `rows` (headers not counted), the last in the segment `newest`."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._groups: dict[Table, _Group] = {}
        self._made = 0
        self.rows, self.newest = 0, ""

    def add(self, paths: Sequence[Path], *, counted: bool = False) -> None:
        """Stages segments more. One that cannot be, or that somebody has landed meanwhile, is left out.

        `counted`: they are not staged, unless others are.
        """
        found = []
        for path in paths:
            with suppress(SegmentBroken, OSError):
                found.append(Segment(path=path, header=read_header(path)))
        counted = counted and not self._groups
        for table, group in groupby(found, key=lambda segment: segment.header.table):
            segments = list(group)
            with suppress(duckdb.Error, OSError):
                if not counted:
                    self._stage(table, segments)
                self.rows += sum(segment.header.rows for segment in segments)
                self.newest = max(self.newest, *(segment.header.id for segment in segments))

    def _stage(self, table: Table, segments: Sequence[Segment]) -> None:
        group = self._groups.get(table)
        number = 1 if group is None else len(group.segments) + 1
        query = staging(table, lines(segments, first=number))
        if group is None:
            self._made += 1
            group = _Group(name=f"ahead_{self._made}")
            self._connection.execute(f"CREATE TEMP TABLE {group.name} AS {query}")
            self._groups[table] = group
        else:
            self._connection.execute(f"INSERT INTO {group.name} {query}")
        group.segments += segments

    def take(self, table: Table, segments: Sequence[Segment]) -> bool:
        """Makes what is staged the stage, where it is just these segments."""
        group = self._groups.get(table)
        if group is None or [one.header.id for one in group.segments] != [one.header.id for one in segments]:
            return False
        self._connection.execute(f"DROP TABLE IF EXISTS {STAGE}")
        self._connection.execute(f"ALTER TABLE {group.name} RENAME TO {STAGE}")
        del self._groups[table]
        return True

    def clear(self) -> None:
        """Forgets what is staged: it has been landed, or is better staged anew."""
        for number in range(1, self._made + 1):  # those that were taken, too: a rollback gives them back their names
            self._connection.execute(f"DROP TABLE IF EXISTS ahead_{number}")
        self._groups.clear()
        self._made, self.rows, self.newest = 0, 0, ""
