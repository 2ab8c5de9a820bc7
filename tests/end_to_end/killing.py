"""Syncs in processes that are killed at random instructions: run by test_killed.py.

    python -m tests.end_to_end.killing FOLDER SANDBOX SEED KILLS FULL [broken]

Each worker is a process that syncs one integration over and over, the part FULL of the times all of it. This process
forks and kills them, and moves the sandbox's days on in between. `broken` writes each state before its records, to
show that it would be noticed.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
import traceback
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from connectors.dropbox import streams as dropbox
from connectors.hubspot import streams as hubspot
from connectors.sdk.client import Surroundings
from connectors.sdk.transport import LoopbackTransport
from core.errors import Busy
from storage.home import Home
from storage.keyring import create_keyring
from storage.state.breakers import SqlBreakers
from storage.state.budgets import SqlBudgets
from storage.state.engine import open_state
from storage.warehouse.landing import LandingZone
from tasks import segments
from tasks.engine import sync
from tasks.reports import SyncReport
from tasks.workspace import Workspace
from tests.tasks.connected import connect_sample
from tests.tasks.file_vault import file_vault

METHODS = {"hubspot": "service_key", "mailchimp": "api_key", "dropbox": "access_token"}
MOST_KILLED_AT_ONCE = 3


def open_place(folder: Path, sandbox: str) -> Workspace:
    """A work place whose world is the sandbox's socket, with small pages and segments, so that there are many."""
    hubspot._LIST_SIZE, hubspot._SEARCH_SIZE, dropbox._PAGE = 5, 5, 20  # type: ignore[misc]
    segments.SEGMENT_ROWS = 10  # type: ignore[misc]
    home = Home(folder=folder).create()
    state = open_state(home.state_db)
    owner = state.ensure_owner("local")
    world = Surroundings(
        transport=LoopbackTransport(sandbox), budgets=SqlBudgets(state, owner), breakers=SqlBreakers(state, owner)
    )
    place = Workspace(home=home, state=state, owner=owner, given_surroundings=world)
    if not home.keyring_file.exists():
        create_keyring(home.keyring_file)
    place.__dict__["vault"] = file_vault(home, place.scope)
    return place


def connect_all(folder: Path, sandbox: str) -> None:
    place = open_place(folder, sandbox)
    for platform, method in METHODS.items():
        connect_sample(place, platform, method)
    place.close()


def sync_now(place: Workspace, sandbox: str, name: str, *, full: bool = False) -> SyncReport:
    """A sync at the time that the sandbox has."""
    now = httpx.get(f"{sandbox}/_sandbox/now", timeout=30, trust_env=False).json()["now"]
    return sync(place, name, run=f"{os.getpid()} {time.monotonic_ns()}", now=datetime.fromisoformat(now), full=full)


def work(folder: Path, sandbox: str, name: str, chance: random.Random, full: float) -> None:
    """Syncs until killed."""
    place = open_place(folder, sandbox)
    while True:
        try:
            report = sync_now(place, sandbox, name, full=chance.random() < full)
        except Busy:
            time.sleep(0.05)
            continue
        if report.error is not None and not isinstance(report.error, Busy):
            raise report.error


def kill_at_random(folder: Path, sandbox: str, seed: int, kills: int, full: float) -> None:
    """Keeps a worker for each integration, kills some now and then, and lets days pass."""
    chance = random.Random(seed)
    workers: dict[int, str] = {}
    killed = 0
    while killed < kills:
        for name in sorted(METHODS.keys() - set(workers.values())):
            workers[_forked(folder, sandbox, name, chance.random(), full)] = name
        time.sleep(chance.uniform(0.0, 0.9))
        for worker in chance.sample(sorted(workers), chance.randint(1, MOST_KILLED_AT_ONCE)):
            os.kill(worker, signal.SIGKILL)
            _, status = os.waitpid(worker, 0)
            if not os.WIFSIGNALED(status):
                raise SystemExit(f"the worker of {workers[worker]} ended by itself")
            del workers[worker]
            killed += 1
        if chance.random() < 0.3:
            httpx.post(f"{sandbox}/_sandbox/advance", json={"hours": chance.randint(1, 30)}, trust_env=False)
    for worker in workers:
        os.kill(worker, signal.SIGKILL)
        os.waitpid(worker, 0)


def _forked(folder: Path, sandbox: str, name: str, seed: float, full: float) -> int:
    worker = os.fork()
    if worker:
        return worker
    try:
        work(folder, sandbox, name, random.Random(seed), full)
    except Exception:  # noqa: BLE001 - told to whoever reads what this process writes
        traceback.print_exc()
    finally:
        os._exit(1)


def break_it() -> None:
    """The state in a segment of its own, before the records that it is about."""
    honest = LandingZone.write

    def hasty(self: LandingZone, **told: Any) -> Path:
        if told["records"] and told.get("state") is not None:
            honest(self, **{**told, "records": [], "deletions": (), "ends_walk": False})
            time.sleep(0.02)
        return honest(self, **told)

    LandingZone.write = hasty  # type: ignore[method-assign]


if __name__ == "__main__":
    place, address, seed, kills, full, *broken = sys.argv[1:]
    if broken:
        break_it()
    connect_all(Path(place), address)
    kill_at_random(Path(place), address, int(seed), int(kills), float(full))
