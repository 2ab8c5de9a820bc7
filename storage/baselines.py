"""What is usual, told from the history in the warehouse, for checks that compare with it."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from core.errors import Busy
from storage.warehouse.connection import Warehouse
from storage.warehouse.metrics import API_CALLS
from storage.warehouse.names import table_name, utc
from storage.warehouse.schema import exists

FEWEST_CALLS: Final = 5


def usual_latency(
    warehouse: Warehouse, *, owner: str, integration: str, purpose: str, since: datetime, wait: float = 2.0
) -> float | None:
    """The median milliseconds of an integration's good calls of one purpose since then.

    None where there were fewer than FEWEST_CALLS, or the warehouse is not free within `wait` seconds: what is usual
    is good to know and not worth waiting for.
    """
    try:
        with warehouse.reading(wait=wait) as connection:
            if not exists(connection, API_CALLS.schema, API_CALLS.name):
                return None
            row = connection.execute(
                f"SELECT median(ms), count(*) FROM {table_name(API_CALLS)}"  # noqa: S608 -- a name of ours
                " WHERE _owner = ? AND integration = ? AND stream = ? AND disposition = 'ok' AND \"at\" >= ?",
                [owner, integration, purpose, utc(since)],
            ).fetchone()
    except Busy:
        return None
    return float(row[0]) if row is not None and row[1] >= FEWEST_CALLS else None
