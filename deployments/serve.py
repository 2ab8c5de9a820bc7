"""Serves the deployments from this process: each flow run becomes a process of its own here.

python -m deployments.serve        (what `integrations up` does, once a server is running)
"""

from __future__ import annotations

from typing import Final

from prefect import serve as prefect_serve

from deployments.definitions import DEFINITIONS, SYNC_PLATFORM, platform_schedules
from deployments.schedules import wanted
from tasks.workspace import Workspace

RUNS_AT_ONCE: Final = 4


def serve(limit: int = RUNS_AT_ONCE) -> None:
    """Registers all deployments and runs what is due, at most `limit` flow runs at once, until interrupted."""
    workspace = Workspace.open()
    schedules = platform_schedules(wanted(workspace))
    workspace.close()
    deployments = [d.deployment(schedules if d is SYNC_PLATFORM else ()) for d in DEFINITIONS]
    # Schedules are paused on shutdown, or runs would pile up on a server that goes on without anybody to run them.
    prefect_serve(*deployments, limit=limit, pause_on_shutdown=True, print_starting_message=False)


if __name__ == "__main__":
    serve()
