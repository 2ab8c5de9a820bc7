"""What Prefect costs around the engine: a sync run in a process of its own, and each integration within it.

The integrations have a page of records each, so that what is measured is everything but the data.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from benchmarks.api import serving
from benchmarks.contestants.ours import NAME
from benchmarks.report import Measured, middle

if TYPE_CHECKING:
    from storage.home import Home
    from tasks.workspace import Workspace

MANY: Final = 6
RECORDS: Final = 100


def flow_runs(rounds: int) -> Measured:
    """Runs of `sync-platform` over no, one and several integrations, and the same syncs without Prefect."""
    from console.prefect_server import temporary_server
    from storage.home import Home
    from storage.keyring import create_keyring

    folder = Path(tempfile.mkdtemp(prefix="benchmark-"))
    try:
        with serving(RECORDS, [(RECORDS, 1)]) as address:
            home = Home(folder=folder).create()
            create_keyring(home.keyring_file)
            with temporary_server(home, announce=False):
                os.environ |= {"INTEGRATIONS_SANDBOX": address, "INTEGRATIONS_HOME": str(folder)}
                _connect(home)
                # Interleaved; a first turn that nobody counts makes the streams' tables.
                turns = [{count: _process(count) for count in (0, 1, MANY)} for _ in range(rounds + 1)][1:]
                alone = [{count: _process(count, engine=True) for count in (1, MANY)} for _ in range(rounds)]
    finally:
        shutil.rmtree(folder)
    none, one, many = (middle(turn[count] for turn in turns) for count in (0, 1, MANY))
    engine_one, engine_many = (middle(turn[count] for turn in alone) for count in (1, MANY))
    each, engine_each = (many - one) / (MANY - 1), (engine_many - engine_one) / (MANY - 1)
    return Measured(
        title="A run of sync-platform in a process of its own, against a running server",
        header=("", "with Prefect s", "engine alone s"),
        rows=[
            ("nothing due", f"{none:.2f}", ""),
            ("one integration", f"{one:.2f}", f"{engine_one:.2f}"),
            (f"{MANY} integrations", f"{many:.2f}", f"{engine_many:.2f}"),
            ("each integration more", f"{each:.3f}", f"{engine_each:.3f}"),
        ],
        notes=["Prefect's part is the difference; both start a process and import what they need."],
    )


def _connect(home: Home) -> None:
    from connectors import catalog
    from connectors.sdk.credential import Credential
    from core.secrets import Secret
    from tasks.connecting import Proven, connect
    from tasks.workspace import Workspace

    catalog.PLATFORMS.setdefault(NAME, "benchmarks.platform")
    place = Workspace.open(home)
    settings = {"records": RECORDS, "changed": 1, "delay": 0}
    for number in range(MANY):
        credential = Credential(method="token", values={"token": Secret("benchmark-token", "token")})
        connect(place, NAME, f"{NAME}-{number}", Proven(credential=credential, settings=settings))
    place.close()


def _process(count: int, *, engine: bool = False) -> float:
    """Seconds of a process that syncs so many integrations."""
    command = [sys.executable, "-m", "benchmarks.running", str(count), *(["--engine"] if engine else [])]
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - began


def _due(place: Workspace, count: int) -> list[str]:
    """Makes just so many integrations due."""
    names = [f"{NAME}-{number}" for number in range(MANY)]
    for number, name in enumerate(names):
        place.scope.update_integration(name, status="active" if number < count else "paused", next_due_at=None)
    return names[:count]


def main() -> None:
    parser = ArgumentParser(description="Syncs some integrations of the benchmark's platform.")
    parser.add_argument("count", type=int)
    parser.add_argument("--engine", action="store_true", help="without Prefect")
    given = parser.parse_args()
    from connectors import catalog
    from tasks.workspace import Workspace

    catalog.PLATFORMS.setdefault(NAME, "benchmarks.platform")
    place = Workspace.open()
    names = _due(place, given.count)
    if given.engine:
        from tasks.engine import sync

        for name in names:
            if sync(place, name, run="benchmark").error is not None:
                raise SystemExit(1)
        return
    place.close()
    from flows.sync import sync_platform

    call: Any = sync_platform(NAME)
    synced = asyncio.run(call)["integrations"]
    if len(synced) != given.count:
        raise SystemExit(f"{len(synced)} integrations were synced, expected {given.count}")


if __name__ == "__main__":
    main()
