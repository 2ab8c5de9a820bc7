"""The floor: what the work itself costs. A blocking httpx client, raw records cut out with msgspec, NDJSON files,
DuckDB's JSON reader, delete and insert by key. No pacing, checks, raw records kept, metrics, state or retries.

Files are loaded into staging on a thread while fetching goes on, which is the faster way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import msgspec

from benchmarks.contestants.base import Contestant, Job, Paging
from benchmarks.records import COLUMNS

SEGMENT_ROWS: Final = 10_000
_TYPES: Final = {
    "text": "VARCHAR",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "boolean": "BOOLEAN",
    "timestamp": "TIMESTAMP",
    "json": "JSON",
}
SQL_COLUMNS: Final = {column.name: _TYPES[column.type] for column in COLUMNS}


def _prepare(job: Job) -> Callable[[], None]:
    import duckdb

    from benchmarks.contestants.fetching import pages

    def sync() -> None:
        columns = ", ".join(f"{name} {kind}" for name, kind in SQL_COLUMNS.items())
        connection = duckdb.connect(str(job.folder / "floor.duckdb"))
        connection.execute(f"CREATE TABLE IF NOT EXISTS contacts ({columns})")
        connection.execute("CREATE TEMP TABLE stage AS FROM contacts LIMIT 0")
        loader = ThreadPoolExecutor(1)
        written = _written(pages(job, msgspec.Raw), job.folder)
        loading = [loader.submit(_load, connection, path) for path in written]
        for future in loading:
            future.result()
        connection.execute("BEGIN")
        connection.execute("DELETE FROM contacts USING stage WHERE contacts.id = stage.id")
        connection.execute("INSERT INTO contacts FROM stage")
        connection.execute("COMMIT")
        connection.close()

    return sync


def _written(pages: Iterable[list[msgspec.Raw]], folder: Path) -> Iterator[Path]:
    records: list[msgspec.Raw] = []
    number = 0
    for page in pages:
        records += page
        if len(records) >= SEGMENT_ROWS:
            yield _write(folder / f"{number}.ndjson", records)
            records, number = [], number + 1
    if records:
        yield _write(folder / f"{number}.ndjson", records)


def _write(path: Path, records: list[msgspec.Raw]) -> Path:
    path.write_bytes(b"\n".join(records) + b"\n")
    return path


def _load(connection: Any, path: Path) -> None:
    columns = ", ".join(f"{name}: '{kind}'" for name, kind in SQL_COLUMNS.items())
    source = f"read_json('{path}', format = 'newline_delimited', columns = {{{columns}}})"
    connection.execute(f"INSERT INTO stage FROM {source}")
    path.unlink()


def _landed(folder: Path, paging: Paging) -> tuple[Path, str]:
    return folder / "floor.duckdb", "contacts"


FLOOR: Final = Contestant(prepare=_prepare, landed=_landed)
