"""Over the catalogue: whatever a platform tells lands, with nothing in quarantine and nothing set aside."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from connectors.catalog import PLATFORMS, connector, connectors
from connectors.sdk.auth import OAuth2
from core.model import Column, ColumnType
from sandbox.samples import SAMPLES
from sandbox.sandbox import Sandbox
from storage.warehouse.columns import is_of_segment
from tasks.engine import sync
from tasks.workspace import Workspace
from tests.storage.places import Place
from tests.tasks.connected import connect_by_consent, connect_sample

PARENT = {"id": "1"}
VALUES: Mapping[ColumnType, Any] = {
    "text": "a text",
    "integer": 7,
    "number": 7.5,
    "boolean": True,
    "timestamp": "2026-11-23T08:00:00Z",
    "epoch": 1_763_884_800,
    "epoch_ms": 1_763_884_800_000,
    "date": "2026-11-23",
    "json": {"of": "any kind"},
}
TABLES = [stream.table(platform.name) for platform in connectors() for stream in platform.streams]


def record(columns: tuple[Column, ...]) -> dict[str, Any]:
    """A record with a value in every place that a column reads."""
    found: dict[str, Any] = {}
    for column in columns:
        if is_of_segment(column):
            continue
        *outer, last = column.source.split("/")
        node = found
        for step in outer:
            inner = node.get(step)
            node[step] = node = inner if isinstance(inner, dict) else {}
        node.setdefault(last, column.choices[0] if column.choices else VALUES[column.type])
    return found


def test_a_record_that_fills_every_column_is_never_set_aside(tmp_path: Path) -> None:
    """Nor is one in which all of them are null, or one with a text in the place of an object."""
    place = Place(folder=tmp_path)
    for table in TABLES:
        full = record(table.columns)
        empty = dict.fromkeys(full)
        odd = {name: "a text" if isinstance(value, dict) else value for name, value in full.items()}
        place.write(*(json.dumps(one).encode() for one in (full, empty, odd)), table=table, parent=PARENT)
    report = place.drain()
    assert report.rejected == 0, [one.read_text() for one in place.landing.rejected.glob("*.reason")]
    assert report.segments == len(TABLES)


@pytest.mark.slow
@pytest.mark.parametrize("platform", PLATFORMS)
def test_what_a_platform_tells_lands(empty_workspace: Workspace, sandbox: Sandbox, platform: str) -> None:
    for method in connector(platform).auth:
        if method.name not in SAMPLES[platform]:
            continue
        name = f"{platform}-{method.name}".replace("_", "-")
        if isinstance(method, OAuth2) and method.name == "oauth2":
            connect_by_consent(empty_workspace, sandbox, platform, name)
        elif not isinstance(method, OAuth2):
            connect_sample(empty_workspace, platform, method.name, name)
        else:
            continue
        report = sync(empty_workspace, name, run="r")
        assert (report.outcome, report.quarantined, report.rejected, report.waiting) == ("ok", 0, 0, False), report
