"""Watching: health, security, and quality of what landed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from prefect import State, flow

from flows.gather import result, results, summaries, summary, told
from tasks import steps


@flow(name="check-health", flow_run_name="check health")
async def check_health(integration: str | None = None, as_of: datetime | None = None) -> State[Any]:
    """Probes integrations and judges reachability, credential, latency, freshness and circuit.

    Args:
        integration: Only this one; empty for all.
        as_of: Pretend that it is this time (demonstrations); empty for now.
    """
    names = [integration] if integration else steps.connected()
    states = await results([steps.check_health.submit(name, as_of) for name in names])
    checked = await summaries(states)
    healthy = sum(one.get("status") == "healthy" for one in checked)
    return await told(states, {"integrations": checked}, f"{healthy} of {len(names)} healthy")


@flow(name="scan-security", flow_run_name="scan security")
async def scan_security(integration: str | None = None, as_of: datetime | None = None) -> State[Any]:
    """Looks integrations, and the installation itself, over for weaknesses.

    Args:
        integration: Only this one; empty for all and the installation.
        as_of: Pretend that it is this time (demonstrations); empty for now.
    """
    names: list[str | None] = [integration] if integration else [*steps.connected(), None]
    states = await results([steps.scan_security.submit(name, as_of) for name in names])
    scanned = await summaries(states)
    found = sum(len(one.get("findings", ())) for one in scanned)
    return await told(states, {"integrations": scanned}, f"{found} findings")


@flow(name="check-quality", flow_run_name="check quality")
async def check_quality(
    platforms: list[str] | None = None, hours: float = 24.0, as_of: datetime | None = None
) -> State[Any]:
    """Runs Great Expectations over what recent syncs landed.

    Args:
        platforms: Only these; empty for all that are connected.
        hours: How far back "recent" goes.
        as_of: Pretend that it is this time (demonstrations); empty for now.
    """
    state = await result(steps.check_quality.submit(platforms or [], hours, as_of))
    return await told([state], await summary(state), state.message or "")
