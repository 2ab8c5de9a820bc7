"""`integrations quarantine`: records that did not pass their checks."""

from __future__ import annotations

from dataclasses import asdict
from typing import Final

from connectors.catalog import connectors
from console.render import ago, cell, table
from console.work import note, show, workspace, write_json

_SHOWN: Final = 100
_SQL: Final = """
    SELECT "at", integration, platform, stream, reason, raw FROM landed.quarantine
    WHERE replayed_at IS NULL ORDER BY "at" DESC, id
"""


def list_quarantined(limit: int, as_json: bool) -> None:
    """The records that wait in quarantine, newest first."""
    from storage.warehouse.asking import run_question
    from storage.warehouse.schema import exists

    with workspace() as place:
        with place.warehouse.reading() as connection:
            landed = exists(connection, "landed", "quarantine")
        answer = run_question(place.warehouse, _SQL, limit=limit) if landed else None
        now = place.clock()
    rows = answer.rows if answer else ()
    if as_json:
        write_json([dict(zip(answer.columns, row, strict=True)) for row in rows] if answer else [])
        return
    if not rows:
        note("✓ Nothing is in quarantine.")
        return
    lines = [
        (ago(at.replace(tzinfo=now.tzinfo), now), integration, stream, reason, cell(raw)[:_SHOWN])
        for at, integration, _, stream, reason, raw in rows
    ]
    show(table(("when", "integration", "stream", "why", "record"), lines))
    if answer and answer.truncated:
        note(f"There are more than {limit}: --limit shows more.")
    note("Try them again once what was wrong is mended: integrations quarantine replay")


def replay_quarantined(name: str | None, stream: str | None, as_json: bool) -> None:
    """Tries them against the columns of today."""
    from storage.warehouse.quarantine import replay_quarantine

    tables = {(one.name, each.name): each.table(one.name) for one in connectors() for each in one.streams}
    with workspace() as place:
        if name is not None:
            place.scope.integration(name)
        report = replay_quarantine(place.warehouse, table_of=tables, now=place.clock(), integration=name, stream=stream)
    if as_json:
        write_json(asdict(report))
        return
    note(
        f"{report.landed:,} landed, {report.overtaken:,} were overtaken by newer versions, "
        f"{report.still_bad:,} still do not pass."
    )
