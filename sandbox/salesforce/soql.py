"""The part of SOQL that is spoken here: SELECT of plain fields FROM one object WHERE … ORDER BY … LIMIT.

developer.salesforce.com/docs/atlas.en-us.soql_sosl.meta/soql_sosl/sforce_api_calls_soql_select.htm. Date and time
literals stand unquoted; AND and OR are not mixed without parentheses.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

_WORDS = re.compile(
    r"\s*(?:(?P<text>'(?:[^'\\]|\\.)*')|(?P<time>\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d))|(?P<date>\d{4}-\d\d-\d\d)"
    r"|(?P<number>-?\d+(?:\.\d+)?)|(?P<name>[A-Za-z]\w*)|(?P<sign><=|>=|!=|[=<>(),]))"
)
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": lambda one, two: bool(one == two),
    "!=": lambda one, two: bool(one != two),
    "<": lambda one, two: one is not None and one < two,
    "<=": lambda one, two: one is not None and one <= two,
    ">": lambda one, two: one is not None and one > two,
    ">=": lambda one, two: one is not None and one >= two,
}
Value = Callable[[str], Any]
"""Gives the value of a field of one record, times as datetime."""


class Malformed(ValueError):
    """The text is no query."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """`used` are the fields that conditions and order name."""

    fields: tuple[str, ...]
    kind: str
    holds: Callable[[Value], bool]
    order: tuple[tuple[str, bool], ...]
    limit: int | None
    used: tuple[str, ...]


def parse(text: str) -> Query:
    """Raises Malformed."""
    return _Parser(text).query()


class _Parser:
    def __init__(self, text: str) -> None:
        self._words: list[tuple[str, str]] = []
        place = 0
        while text[place:].strip():
            found = _WORDS.match(text, place)
            if found is None:
                raise Malformed(f"unexpected token: '{text[place : place + 20]}'")
            self._words.append((str(found.lastgroup), found[str(found.lastgroup)]))
            place = found.end()
        self._used: list[str] = []

    def query(self) -> Query:
        self._keyword("SELECT")
        fields = [self._take("name")]
        while self._next(","):
            fields.append(self._take("name"))
        self._keyword("FROM")
        kind = self._take("name")
        holds: Callable[[Value], bool] = self._either() if self._next("WHERE") else lambda value: True
        order, limit = [], None
        if self._next("ORDER"):
            self._keyword("BY")
            order.append(self._ordered())
            while self._next(","):
                order.append(self._ordered())
        if self._next("LIMIT"):
            limit = int(self._take("number"))
        if self._words:
            raise Malformed(f"unexpected token: '{self._words[0][1]}'")
        return Query(
            fields=tuple(fields),
            kind=kind,
            holds=holds,
            order=tuple(order),
            limit=limit,
            used=tuple(self._used),
        )

    def _either(self) -> Callable[[Value], bool]:
        parts, joints = [self._one()], set[str]()
        while self._words and self._words[0][1].upper() in ("AND", "OR"):
            joints.add(self._words.pop(0)[1].upper())
            parts.append(self._one())
        if len(joints) > 1:
            raise Malformed("unexpected token: 'OR'")
        together = any if joints == {"OR"} else all
        return lambda value: together(part(value) for part in parts)

    def _one(self) -> Callable[[Value], bool]:
        if self._next("("):
            inner = self._either()
            self._keyword(")")
            return inner
        name, sign = self._take("name"), self._take("sign")
        self._used.append(name)
        if sign not in _COMPARE:
            raise Malformed(f"unexpected token: '{sign}'")
        compare, right = _COMPARE[sign], self._literal()
        return lambda value: compare(value(name), right)

    def _literal(self) -> Any:
        if not self._words:
            raise Malformed("unexpected token: '<EOF>'")
        kind, word = self._words.pop(0)
        match kind:
            case "text":
                return re.sub(r"\\(.)", r"\1", word[1:-1])
            case "time":
                return datetime.fromisoformat(word).astimezone(UTC)
            case "date":
                return word
            case "number":
                return float(word)
            case "name" if word.lower() in ("true", "false", "null"):
                return {"true": True, "false": False, "null": None}[word.lower()]
        raise Malformed(f"unexpected token: '{word}'")

    def _ordered(self) -> tuple[str, bool]:
        name = self._take("name")
        self._used.append(name)
        descending = self._next("DESC")
        if not descending:
            self._next("ASC")
        return name, descending

    def _next(self, word: str) -> bool:
        if self._words and self._words[0][1].upper() == word and self._words[0][0] != "text":
            self._words.pop(0)
            return True
        return False

    def _keyword(self, word: str) -> None:
        if not self._next(word):
            raise Malformed(f"unexpected token: '{self._words[0][1] if self._words else '<EOF>'}', expecting {word}")

    def _take(self, kind: str) -> str:
        if not self._words or self._words[0][0] != kind:
            raise Malformed(f"unexpected token: '{self._words[0][1] if self._words else '<EOF>'}'")
        return self._words.pop(0)[1]
