"""The records of one type as a platform keeps them: the population, and over it whatever was written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.world import Population, World

WRITTEN = 1_000_000_000  # indices from here on belong to records that were created through the API


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One record: instants in milliseconds since the epoch; `fields` are the written ones, over what is born."""

    index: int
    created: int
    changed: int
    deleted: int | None
    version: int
    fields: Mapping[str, Any]

    @property
    def written(self) -> bool:
        """Whether it was created through the API, so that its fields are all there is to it."""
        return self.index >= WRITTEN


class Table:
    """Rows by index. A population may be None: then there is only what was written."""

    def __init__(self, world: World, population: Population | None) -> None:
        self._world = world
        self._population = population
        self._over: dict[int, Row] = {}
        self._restored: dict[int, int] = {}
        self._writes = 0
        self._next = WRITTEN
        self._orders: dict[str, tuple[tuple[int, int], list[int]]] = {}

    @property
    def revision(self) -> tuple[int, int]:
        """Changes whenever any row does: the key of whatever is cached about them."""
        if self._population is None:
            return (self._writes, 0)
        return (self._writes, self._population.revision)

    def row(self, index: int) -> Row | None:
        """The row of this index, deleted ones too; None where there never was one."""
        over = self._over.get(index)
        if index >= WRITTEN or self._population is None:
            return over
        life = self._population.life(index)
        if life is None:
            return None
        if over is None:
            return Row(
                index=index,
                created=life.created,
                changed=life.changed,
                deleted=life.deleted,
                version=life.version,
                fields={},
            )
        gone = over.deleted if over.deleted is not None else None if self._is_back(index) else life.deleted
        return Row(
            index=index,
            created=life.created,
            changed=max(life.changed, over.changed),
            deleted=gone,
            version=life.version,
            fields=over.fields,
        )

    def existing(self, index: int) -> Row | None:
        """The row of this index unless it is deleted."""
        row = self.row(index)
        return None if row is None or row.deleted is not None else row

    def indices(self, *, deleted: bool = False) -> list[int]:
        """All that exist (or all that were deleted), in order of creation."""
        return self._ordered("deleted" if deleted else "live", lambda: self._select(deleted))

    def by_change(self) -> list[int]:
        """All that exist, the least recently changed first."""

        def order() -> list[int]:
            return sorted(self._select(False), key=lambda index: (self._row(index).changed, index))

        return self._ordered("changed", order)

    def create(self, fields: Mapping[str, Any]) -> Row:
        now = self._world.clock.ms()
        row = Row(index=self._next, created=now, changed=now, deleted=None, version=0, fields=dict(fields))
        self._next += 1
        return self._keep(row)

    def change(self, index: int, fields: Mapping[str, Any]) -> Row:
        """Sets these fields of a row that exists. Raises KeyError where there is none."""
        row = self._row(index)
        merged = {**row.fields, **fields}
        return self._keep(self._moved(row, fields=merged))

    def delete(self, index: int) -> None:
        """Deletes a row; deleting again changes nothing. Raises KeyError where there never was one."""
        row = self._row(index)
        if row.deleted is None:
            self._keep(self._moved(row, fields=row.fields, deleted=self._world.clock.ms()))

    def restore(self, index: int, fields: Mapping[str, Any]) -> Row:
        """Brings a deleted row back, with these fields set."""
        row = self._row(index)
        self._restored[index] = self._world.clock.ms()
        return self._keep(self._moved(row, fields={**row.fields, **fields}))

    def written_indices(self) -> list[int]:
        """Every row that anything was written to, deleted ones too."""
        return list(self._over)

    def _is_back(self, index: int) -> bool:
        died = self._population.deleted().get(index) if self._population is not None else None
        return died is not None and self._restored.get(index, -1) >= died

    def _row(self, index: int) -> Row:
        row = self.row(index)
        if row is None:
            raise KeyError(index)
        return row

    def _moved(self, row: Row, *, fields: Mapping[str, Any], deleted: int | None = None) -> Row:
        return Row(
            index=row.index,
            created=row.created,
            changed=self._world.clock.ms(),
            deleted=deleted,
            version=row.version,
            fields=dict(fields),
        )

    def _keep(self, row: Row) -> Row:
        self._over[row.index] = row
        self._writes += 1
        return row

    def _select(self, deleted: bool) -> list[int]:
        gone = {i for i, row in self._over.items() if row.deleted is not None}
        born = 0
        if self._population is not None:
            born = self._population.size
            gone |= {i for i in self._population.deleted() if not self._is_back(i)}
        if deleted:
            return sorted(gone)
        return [i for i in range(born) if i not in gone] + sorted(
            i for i in self._over if i >= WRITTEN and i not in gone
        )

    def _ordered(self, name: str, make: Callable[[], list[int]]) -> list[int]:
        revision = self.revision
        kept = self._orders.get(name)
        if kept is None or kept[0] != revision:
            kept = (revision, make())
            self._orders[name] = kept
        return kept[1]
