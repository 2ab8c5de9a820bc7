"""CRM search: filter groups, one sort, at most 200 a page and 10,000 a query.

developers.hubspot.com/docs/api-reference/latest/crm/search-the-crm
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sandbox.hubspot.objects import ObjectType, Values
from sandbox.platform import BadBody
from sandbox.table import Row
from sandbox.world import World, to_ms

PAGE, CEILING = 200, 10_000
GROUPS, FILTERS, ALL_FILTERS = 5, 6, 18
KEPT = 8  # answers kept, so that the pages of one query are not searched for again

Test = Callable[[Row], bool]


class Refused(Exception):
    """The search is not one that HubSpot answers."""


class Search:
    """Searches one object type."""

    def __init__(self, world: World, kind: ObjectType) -> None:
        self._world = world
        self._kind = kind
        self._answers: dict[tuple[Any, str], list[int]] = {}

    def find(self, body: Mapping[str, Any]) -> list[int]:
        """The indices that match, in the order asked for. Raises Refused and BadBody."""
        asked = json.dumps([body.get(name) for name in ("filterGroups", "sorts", "query")], sort_keys=True)
        key = (self._kind.table.revision, asked)
        if key not in self._answers:
            while len(self._answers) >= KEPT:
                self._answers.pop(next(iter(self._answers)))
            self._answers[key] = self._look(body)
        return self._answers[key]

    def _look(self, body: Mapping[str, Any]) -> list[int]:
        groups = body.get("filterGroups") or []
        if not isinstance(groups, list) or not all(isinstance(group, dict) for group in groups):
            raise BadBody("filterGroups is a list of objects")
        filters = [group.get("filters") or [] for group in groups]
        if len(groups) > GROUPS or any(len(one) > FILTERS for one in filters) or sum(map(len, filters)) > ALL_FILTERS:
            raise Refused(f"at most {GROUPS} filterGroups of {FILTERS} filters, {ALL_FILTERS} filters in all")
        tests = [[self._test(one) for one in group] for group in filters]
        query = str(body.get("query") or "").lower()
        if len(query) > 3000:
            raise Refused("the query is longer than 3000 characters")
        found = []
        table = self._kind.table
        for index in table.indices():
            row = table.row(index)
            if row is None or (tests and not any(all(test(row) for test in group) for group in tests)):
                continue
            if query and not self._mentions(row, query):
                continue
            found.append(index)
        return self._sorted(found, body.get("sorts") or [])

    def _sorted(self, found: list[int], sorts: Sequence[Any]) -> list[int]:
        if len(sorts) > 1:
            raise Refused("only one sort is supported")
        if not sorts:
            return found
        asked = sorts[0]
        if isinstance(asked, str):
            name, falling = asked.lstrip("-"), asked.startswith("-")
        else:
            name, falling = asked.get("propertyName", ""), asked.get("direction") == "DESCENDING"
        self._known(name)
        values = {index: self._value(self._row(index), name) for index in found}
        with_value = [(value, index) for index in found if (value := values[index]) is not None]
        without = [index for index in found if values[index] is None]
        return [index for _, index in sorted(with_value, reverse=falling)] + without

    def _row(self, index: int) -> Row:
        row = self._kind.table.row(index)
        assert row is not None
        return row

    def _known(self, name: str) -> None:
        if name not in self._kind.kinds:
            raise Refused(f'Property "{name}" does not exist')

    def _value(self, row: Row, name: str) -> float | str | None:
        """A property as it compares: instants as milliseconds and numbers as numbers, text in lower case."""
        if name == self._kind.cursor:
            return row.changed
        if name == "createdate":
            return row.created
        if name == "hs_object_id":
            return int(self._kind.id_of(row.index))
        return self._comparable(name, self._kind.properties(self._world, row).get(name))

    def _comparable(self, name: str, value: str | None) -> float | str | None:
        if value is None or value == "":
            return None
        sort = self._kind.kinds[name]
        if sort == "datetime":
            return int(value) if value.lstrip("-").isdigit() else to_ms(datetime.fromisoformat(value))
        if sort == "number":
            return float(value)
        return value.lower()

    def _test(self, asked: Any) -> Test:
        if not isinstance(asked, dict):
            raise BadBody("a filter is an object")
        name, operator = str(asked.get("propertyName", "")), str(asked.get("operator", ""))
        self._known(name)
        try:
            value = self._comparable(name, _text(asked.get("value")))
            high = self._comparable(name, _text(asked.get("highValue")))
            several = {self._comparable(name, _text(one)) for one in asked.get("values") or ()}
        except ValueError as error:
            raise Refused(f"{asked.get('value')!r} is not a value of {name}") from error
        make = _OPERATORS.get(operator)
        if make is None:
            raise Refused(f"{operator!r} is not an operator")
        if operator not in _NEED_NO_VALUE and value is None and not several:
            raise Refused(f"operator {operator} needs a value")
        test = make(value, high, several)
        return lambda row: test(self._value(row, name))

    def _mentions(self, row: Row, query: str) -> bool:
        values: Values = self._kind.properties(self._world, row)
        return any(query in text.lower() for name in self._kind.defaults if (text := values.get(name)))


def _text(value: Any) -> str | None:
    if value is None:
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)


def _words(value: Any) -> set[str]:
    return set("".join(c if c.isalnum() else " " for c in str(value)).split())


_NEED_NO_VALUE = frozenset({"HAS_PROPERTY", "NOT_HAS_PROPERTY"})
_OPERATORS: Mapping[str, Callable[[Any, Any, set[Any]], Callable[[Any], bool]]] = {
    "EQ": lambda value, high, several: lambda own: own == value,
    "NEQ": lambda value, high, several: lambda own: own is not None and own != value,
    "LT": lambda value, high, several: lambda own: own is not None and own < value,
    "LTE": lambda value, high, several: lambda own: own is not None and own <= value,
    "GT": lambda value, high, several: lambda own: own is not None and own > value,
    "GTE": lambda value, high, several: lambda own: own is not None and own >= value,
    "BETWEEN": lambda value, high, several: lambda own: own is not None and value <= own <= high,
    "IN": lambda value, high, several: lambda own: own in several,
    "NOT_IN": lambda value, high, several: lambda own: own is not None and own not in several,
    "HAS_PROPERTY": lambda value, high, several: lambda own: own is not None,
    "NOT_HAS_PROPERTY": lambda value, high, several: lambda own: own is None,
    "CONTAINS_TOKEN": lambda value, high, several: lambda own: _words(value) <= _words(own),
    "NOT_CONTAINS_TOKEN": lambda value, high, several: lambda own: not _words(value) <= _words(own),
}
