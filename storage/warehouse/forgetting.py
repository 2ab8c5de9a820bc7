"""What the warehouse forgets: a stream's state, a removed integration, and what is older than anybody asks for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import duckdb
import msgspec

from core.model import Table
from storage.warehouse.connection import Warehouse
from storage.warehouse.drain import drain
from storage.warehouse.landing import LOCAL_OWNER, LandingZone
from storage.warehouse.merge import changed
from storage.warehouse.names import among, literal, table_name
from storage.warehouse.schema import create_bookkeeping, exists


@dataclass(frozen=True, slots=True, kw_only=True)
class PruneReport:
    """The rows that went: of metrics, tombstones, replayed quarantine and segment ids; and abandoned files."""

    metrics: int = 0
    tombstones: int = 0
    quarantine: int = 0
    segments: int = 0
    files: int = 0


def reset_state(
    warehouse: Warehouse,
    landing: LandingZone,
    integration: str,
    *,
    now: datetime,
    stream: str | None = None,
    owner: str = LOCAL_OWNER,
    wait: float = 30.0,
) -> None:
    """The integration's streams (or one of them) begin again from nothing. Rows stay.

    To be called while no sync of the integration runs. Raises Busy where the warehouse is not free in time.
    """
    drain(warehouse, landing, now=now, wait=wait)
    with warehouse.writing(wait=wait) as connection:
        create_bookkeeping(connection)
        only = "" if stream is None else f" AND stream = {literal(stream)}"
        connection.execute(
            f"DELETE FROM landed.state WHERE owner = {literal(owner)} AND integration = {literal(integration)}{only}"
        )


def remove_integration(
    warehouse: Warehouse,
    landing: LandingZone,
    integration: str,
    *,
    now: datetime,
    keep_history: bool,
    owner: str = LOCAL_OWNER,
    wait: float = 30.0,
) -> int:
    """Forgets what the integration's streams remember; unless `keep_history`, also all its rows, whose number it
    returns. To be called while no sync of it runs. Raises Busy where the warehouse is not free in time."""
    reset_state(warehouse, landing, integration, now=now, owner=owner, wait=wait)
    if keep_history:
        return 0
    with warehouse.writing(wait=wait) as connection:
        connection.begin()
        rows = 0
        mine = f"owner = {literal(owner)} AND {{}} = {literal(integration)}"
        for table in _described(connection):
            # Our own metrics tell the integration in a column.
            column = "integration" if "integration" in {one.name for one in table.columns} else "_integration"
            connection.execute(f"DELETE FROM {table_name(table)} WHERE _{mine.format(column)}")
            rows += changed(connection)
        connection.execute(f"DELETE FROM landed.quarantine WHERE {mine.format('integration')}")
        connection.commit()
    return rows


def prune(
    warehouse: Warehouse, landing: LandingZone, *, before: datetime, now: datetime, wait: float = 30.0
) -> PruneReport:
    """Removes what is older than `before`: metrics, tombstones, quarantine that was replayed, ids of landed segments.

    What waits is drained first, so that no file is left whose id would be forgotten. Raises Busy as above.
    """
    drain(warehouse, landing, now=now, wait=wait)
    moment = literal(before)
    with warehouse.writing(wait=wait) as connection:
        create_bookkeeping(connection)
        connection.begin()
        metrics = tombstones = 0
        for table in _described(connection):
            own = table.schema == "metrics"
            age = "_last_seen" if own else "_deleted_at"
            connection.execute(f"DELETE FROM {table_name(table)} WHERE {age} < {moment}")
            gone = changed(connection)
            metrics, tombstones = (metrics + gone, tombstones) if own else (metrics, tombstones + gone)
        connection.execute(f"DELETE FROM landed.quarantine WHERE replayed_at < {moment}")
        quarantine = changed(connection)
        waiting = among([path.stem for path in landing.pending()])
        connection.execute(
            f"DELETE FROM landed.segments WHERE landed_at < {moment} AND NOT coalesce(id IN {waiting}, false)"
        )
        segments = changed(connection)
        connection.commit()
        connection.execute("CHECKPOINT")
    return PruneReport(
        metrics=metrics,
        tombstones=tombstones,
        quarantine=quarantine,
        segments=segments,
        files=landing.remove_abandoned(before),
    )


def _described(connection: duckdb.DuckDBPyConnection) -> list[Table]:
    if not exists(connection, "landed", "tables"):
        return []
    rows = connection.execute("SELECT spec FROM landed.tables ORDER BY platform, stream").fetchall()
    return [msgspec.json.decode(row[0], type=Table) for row in rows]
