"""dlt (https://dlthub.com), merging into DuckDB by key, in three settings: as it comes; tuned as its documentation on
performance advises (parquet, three workers, files of 10,000 rows); and fed with Arrow tables made by hand.

An optional extra: `make bench` installs it in an environment of its own.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from benchmarks.contestants.base import Contestant, Job, Paging

Setting: TypeAlias = Literal["default", "tuned", "arrow"]
ARROW_ROWS: Final = 10_000
_TUNED: Final = {
    "SOURCES__DATA_WRITER__FILE_MAX_ITEMS": "10000",
    "NORMALIZE__WORKERS": "3",
    "LOAD__WORKERS": "3",
}


def _prepare(job: Job, setting: Setting) -> Callable[[], None]:
    os.environ |= {"RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "ERROR"}
    os.environ |= {} if setting == "default" else _TUNED
    import dlt

    from benchmarks.contestants.fetching import pages

    def resource() -> Iterator[Any]:
        found = pages(job, dict)
        yield from (_in_arrow(found) if setting == "arrow" else found)

    def sync() -> None:
        pipeline = dlt.pipeline(
            pipeline_name="benchmark",
            pipelines_dir=str(job.folder / "pipelines"),
            destination=dlt.destinations.duckdb(str(job.folder / "dlt.duckdb")),
            dataset_name="peer",
        )
        contacts = dlt.resource(resource, name="contacts", write_disposition="merge", primary_key="id")
        contacts.max_table_nesting = 0  # the tags stay in one column, as they do for the others
        if setting == "default":
            pipeline.run(contacts)
        else:
            pipeline.run(contacts, loader_file_format="parquet")

    return sync


def _in_arrow(pages: Iterator[list[Any]]) -> Iterator[Any]:
    import msgspec
    import pyarrow as pa

    records: list[Any] = []
    for page in pages:
        records += [{**record, "tags": msgspec.json.encode(record["tags"]).decode()} for record in page]
        if len(records) >= ARROW_ROWS:
            yield pa.Table.from_pylist(records)
            records = []
    if records:
        yield pa.Table.from_pylist(records)


def _landed(folder: Path, paging: Paging) -> tuple[Path, str]:
    return folder / "dlt.duckdb", "peer.contacts"


def _contestant(setting: Setting) -> Contestant:
    return Contestant(prepare=lambda job: _prepare(job, setting), landed=_landed)


DEFAULT: Final = _contestant("default")
TUNED: Final = _contestant("tuned")
ARROW: Final = _contestant("arrow")
