"""This project, its whole path: the sealed credential opened, pacing, classification, segments, row checks, the raw
record kept, merge, state, metrics. What is open before the sync is what a running flow has open: the work place, and
the key that opens credentials (derived once a process).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.contestants.base import Contestant, Job, Paging

if TYPE_CHECKING:
    from tasks.workspace import Workspace

NAME: Final = "benchmark"


def open_place(folder: Path) -> Workspace:
    """A work place in this folder, with envelopes in files in place of Prefect's blocks."""
    from connectors import catalog
    from storage.home import Home
    from storage.keyring import create_keyring
    from tasks.workspace import Workspace
    from tests.tasks.file_vault import file_vault

    catalog.PLATFORMS.setdefault(NAME, "benchmarks.platform")
    home = Home(folder=folder).create()
    place = Workspace.open(home)
    if not home.keyring_file.exists():
        create_keyring(home.keyring_file)
    place.__dict__["vault"] = file_vault(home, place.scope)
    return place


def connect_benchmark(place: Workspace, job: Job) -> None:
    """Connects the benchmark's platform, once."""
    from connectors.sdk.credential import Credential
    from core.secrets import Secret
    from tasks.connecting import Proven, connect

    if any(integration.name == NAME for integration in place.scope.integrations()):
        return
    credential = Credential(method="token", values={"token": Secret("benchmark-token", "token")})
    settings = {"records": job.records, "changed": job.changed, "delay": job.delay}
    connect(place, NAME, NAME, Proven(credential=credential, settings=settings))


def _prepare(job: Job) -> Callable[[], None]:
    os.environ["INTEGRATIONS_SANDBOX"] = job.address
    from tasks.engine import sync

    place = open_place(job.folder)
    connect_benchmark(place, job)
    place.vault.get(NAME, NAME)

    def run() -> None:
        report = sync(place, NAME, run="benchmark", only=[f"by_{job.paging}"])
        if report.error is not None or report.waiting:
            raise RuntimeError(f"the sync did not end well: {report.error or 'the warehouse was busy'}")

    return run


def _landed(folder: Path, paging: Paging) -> tuple[Path, str]:
    return folder / "warehouse.duckdb", f"benchmark.by_{paging}"


OURS: Final = Contestant(prepare=_prepare, landed=_landed)
