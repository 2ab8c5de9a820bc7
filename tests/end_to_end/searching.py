"""Looks for secrets in everything a run leaves behind: files as they are, databases also as they answer.

A secret is looked for as it is, in base64 at each of the three alignments, percent-encoded, escaped for JSON, in
hexadecimal, and backwards.
"""

from __future__ import annotations

import base64
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from urllib.parse import quote, quote_plus

import duckdb

SHORTEST = 12
_SQLITE = b"SQLite format 3\x00"


def forms(secret: str) -> set[bytes]:
    """The bytes a secret may stand as. Upper and lower case are looked for alike."""
    plain = secret.encode()
    found = {plain, plain.hex().encode(), plain[::-1]}
    found |= {quote(secret, safe="").encode(), quote_plus(secret).encode(), json.dumps(secret)[1:-1].encode()}
    for shift in range(3):
        # What stands before and after the secret changes only the first and last characters.
        encoded = base64.b64encode(b"\0" * shift + plain + b"\0" * (-(shift + len(plain)) % 3))
        inner = encoded[4 if shift else 0 : -4 if (shift + len(plain)) % 3 else None]
        found |= {inner, inner.translate(bytes.maketrans(b"+/", b"-_"))}
    return {form.lower() for form in found}


class Search:
    """Secrets, by a name that may be shown."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        short = [name for name, secret in secrets.items() if len(secret) < SHORTEST]
        assert not short, f"too short to be looked for: {short}"
        self.names = tuple(secrets)
        self._forms = [(name, form) for name, secret in secrets.items() for form in forms(secret)]

    def found_in(self, content: bytes) -> set[str]:
        """The names of the secrets that stand in it."""
        lower = content.lower()
        return {name for name, form in self._forms if form in lower}

    def findings(self, places: Iterable[tuple[str, bytes]]) -> set[tuple[str, str]]:
        """Where which secret stands."""
        return {(place, name) for place, content in places for name in self.found_in(content)}


def contents(folder: Path, *, but: Iterable[str] = ()) -> Iterator[tuple[str, bytes]]:
    """Every file below a folder, and of each database besides its bytes every value: pages cut long values apart and
    columns are compressed. To be called when nobody uses them."""
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.name in but:
            continue
        name, content = path.relative_to(folder).as_posix(), path.read_bytes()
        yield name, content
        if content.startswith(_SQLITE):
            yield from _answers(name, _of_sqlite(path))
        elif path.suffix == ".duckdb":
            yield from _answers(name, _of_duckdb(path))


def _answers(name: str, tables: Iterable[tuple[str, Iterable[tuple[object, ...]]]]) -> Iterator[tuple[str, bytes]]:
    for table, rows in tables:
        values = [value if isinstance(value, bytes) else str(value).encode() for row in rows for value in row]
        yield f"{name}: {table}", b"\n".join(values)


def _of_sqlite(path: Path) -> Iterator[tuple[str, list[tuple[object, ...]]]]:
    connection = sqlite3.connect(path)
    try:
        for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            yield table, connection.execute(f'SELECT * FROM "{table}"').fetchall()
    finally:
        connection.close()


def _of_duckdb(path: Path) -> Iterator[tuple[str, list[tuple[object, ...]]]]:
    with duckdb.connect(str(path), read_only=True) as connection:
        tables = connection.execute("SELECT table_schema, table_name FROM information_schema.tables").fetchall()
        for schema, table in tables:
            yield f"{schema}.{table}", connection.execute(f'SELECT * FROM "{schema}"."{table}"').fetchall()
