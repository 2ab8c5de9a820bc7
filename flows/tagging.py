"""Tags on the flow run, so that the UI can be filtered by platform and integration.

Not on the task runs: Prefect asks its server for a concurrency slot for each tag of each task run, which costs a
tenth of a second and more, and now and then stalled for a minute (docs/decisions/0006).
"""

from __future__ import annotations

from prefect.client.orchestration import get_client
from prefect.context import FlowRunContext


async def tag_run(*names: str) -> None:
    """Adds these tags to the flow run that this is called in."""
    context = FlowRunContext.get()
    if context is None or context.flow_run is None:
        return
    tags = list(dict.fromkeys([*context.flow_run.tags, *names]))
    async with get_client() as client:
        await client.update_flow_run(context.flow_run.id, tags=tags)
