"""Workers that write and drain side by side and are killed at random instructions: run by test_kill.py.

    python -m tests.storage.killing FOLDER SEED KILLS

Each worker is an integration with two streams of events 0, 1, 2 …: `log` appends each, `rows` upserts and deletes by
key. It goes on from the saved state, as a sync does, and notes what it wrote in a file that only it writes.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
import traceback
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType
from typing import Any

import storage.warehouse.drain
import storage.warehouse.landing
from core.errors import Busy
from core.model import Column, Deletion, Table
from storage.warehouse.connection import Warehouse
from storage.warehouse.drain import drain
from storage.warehouse.landing import LandingZone
from storage.warehouse.reading import states

WORKERS = ("one", "two", "three")
KEYS = 23
BEGIN = 5  # events of each stream that have landed before the first kill
_WATCHED = (storage.warehouse.drain.__file__, storage.warehouse.landing.__file__)
_DEADLY = ("_land", "_land", "_land_or_split", "_land_or_split", "_land_waiting", "drain", "write")
T0 = datetime(2026, 3, 1, tzinfo=UTC)
LOG = Table(schema="kill", name="log", mode="append", columns=(Column(name="n", type="integer", required=True),))
ROWS = Table(
    schema="kill",
    name="rows",
    key=("id",),
    columns=(Column(name="id", required=True), Column(name="n", type="integer", required=True)),
)


def warehouse_of(folder: Path) -> Warehouse:
    return Warehouse(folder / "warehouse.duckdb", threads=1)


def is_deletion(n: int) -> bool:
    return n % 7 == 6


def key_of(n: int) -> str:
    return str(n * n % KEYS)


def work(folder: Path, name: str, seed: float) -> None:
    """Writes and drains until killed."""
    chance = random.Random(seed)
    warehouse, landing = warehouse_of(folder), LandingZone(folder / "landing")
    while True:
        try:
            saved = states(warehouse, landing, name, wait=5.0)
            break
        except Busy:
            continue
    at = {stream: int(str(saved[stream, ""].state["n"])) if (stream, "") in saved else 0 for stream in ("log", "rows")}
    with (folder / f"{name}.written").open("a", encoding="utf-8") as written:
        written.writelines(f"{stream} {last}\n" for stream, last in at.items())
        while True:
            stream = chance.choice(("log", "rows"))
            first, last = at[stream], at[stream] + chance.randint(1, 40)
            _write(landing, name, stream, range(first, last))
            at[stream] = last
            written.write(f"{stream} {last}\n")
            written.flush()
            if chance.random() < 0.6:
                drain(warehouse, landing, now=T0, wait=chance.choice((0.0, 0.5)))


def _write(landing: LandingZone, name: str, stream: str, events: range) -> None:
    records: list[bytes] = []
    deletions: list[tuple[Deletion, int]] = []
    for n in events:
        if stream == "rows" and is_deletion(n):
            deletions.append((Deletion(match={"id": key_of(n)}), len(records)))
        else:
            record: dict[str, Any] = {"n": n} if stream == "log" else {"id": key_of(n), "n": n}
            records.append(json.dumps(record).encode())
    landing.write(
        integration=name,
        run="r",
        table=LOG if stream == "log" else ROWS,
        records=records,
        deletions=deletions,
        state={"n": events.stop},
        fetched_at=T0 + timedelta(seconds=events.start),
    )


def _arm(function: str, lines: int) -> None:
    """Has this process kill itself after so many lines of one function."""
    left = lines

    def on_line(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal left
        left -= event == "line"
        if left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return on_line

    def on_call(frame: FrameType, event: str, _: Any) -> Any:
        return on_line if frame.f_code.co_name == function and frame.f_code.co_filename in _WATCHED else None

    sys.settrace(on_call)


def _start(folder: Path, name: str, chance: random.Random) -> int:
    seed, function, lines = chance.random(), chance.choice(_DEADLY), chance.randint(1, 40)
    child = os.fork()
    if child == 0:
        try:
            _arm(function, lines)
            work(folder, name, seed)
        finally:
            # Killed workers do not come here: this one failed.
            (folder / f"{name}.crashed").write_text(traceback.format_exc(), encoding="utf-8")
            os._exit(1)
    return child


def main(folder: Path, seed: int, kills: int) -> None:
    """Starts workers again as they die: some by their own hand at a line, some killed at a moment.

    Nothing runs when this returns.
    """
    chance = random.Random(seed)
    for name in WORKERS:
        for stream in ("log", "rows"):
            _write(LandingZone(folder / "landing"), name, stream, range(BEGIN))
    drain(warehouse_of(folder), LandingZone(folder / "landing"), now=T0, wait=30.0)
    running = {_start(folder, name, chance): name for name in WORKERS}
    while kills > 0:
        died, _ = os.waitpid(-1, os.WNOHANG)
        if not died and chance.random() < 0.02:
            died = chance.choice(list(running))
            _kill(died)
        if died:
            name = running.pop(died)
            running[_start(folder, name, chance)] = name
            kills -= 1
        time.sleep(0.005)
    for child in running:
        _kill(child)


def _kill(child: int) -> None:
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
