"""Upkeep: fresh tokens before they are needed, and no more history than wanted."""

from __future__ import annotations

from typing import Any

from prefect import State, flow

from flows.gather import result, summary, told
from tasks import steps


@flow(name="refresh-credentials", flow_run_name="refresh credentials")
async def refresh_credentials() -> State[Any]:
    """Refreshes the OAuth tokens that are about to expire, so that no sync has to wait for it."""
    state = await result(steps.refresh_credentials.submit())
    return await told([state], await summary(state), state.message or "")


@flow(name="prune", flow_run_name="prune")
async def prune(keep_days: int = 90) -> State[Any]:
    """Forgets what is older than wanted: metrics, tombstones, replayed quarantine, audit lines. Never live rows.

    Args:
        keep_days: How many days of that to keep.
    """
    state = await result(steps.prune.submit(keep_days))
    return await told([state], await summary(state), state.message or "")
