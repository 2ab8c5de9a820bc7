"""Syncs: a whole platform's integrations that are due, or one integration now."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from prefect import State, flow

from flows.gather import result, results, summaries, told
from flows.tagging import tag_run
from tasks import steps

WAIT_SECONDS: Final = 600.0
"""How long a sync that somebody asked for waits for one that runs already."""


@flow(name="sync-platform", flow_run_name="sync {platform}")
async def sync_platform(platform: str, full: bool = False, as_of: datetime | None = None) -> State[Any]:
    """Reads what is new of every integration of one platform that is due.

    Each integration is a task run of its own, so one that fails does not stop another. What another run
    reads just then is left to it.

    Args:
        platform: The platform's name, such as hubspot.
        full: Read everything anew instead of what changed.
        as_of: Pretend that it is this time (demonstrations and backfills of snapshots); empty for now.
    """
    names = steps.due_integrations(platform, as_of)
    await tag_run(platform, *names)
    runs = [steps.sync.submit(name, full, [], as_of) for name in names]
    states = await results(runs)
    synced = await summaries(states)
    rows = sum(one.get("rows", 0) for one in synced)
    return await told(states, {"integrations": synced}, f"{len(names)} integrations, {rows} rows")


@flow(name="sync-integration", flow_run_name="sync {integration}")
async def sync_integration(
    integration: str, full: bool = False, streams: list[str] | None = None, as_of: datetime | None = None
) -> State[Any]:
    """Reads what is new of one integration, whether it is due or not.

    Where another run reads it just then, this one waits for it to end and reads after it.

    Args:
        integration: The integration's name, as `integrations list` shows it.
        full: Read everything anew instead of what changed.
        streams: Only these streams; empty for all.
        as_of: Pretend that it is this time (demonstrations and backfills of snapshots); empty for now.
    """
    await tag_run(integration)
    state = await result(steps.sync.submit(integration, full, streams or [], as_of, WAIT_SECONDS))
    return await told([state], {"integrations": await summaries([state])}, state.message or "")
