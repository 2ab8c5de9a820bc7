"""Runs one sync of one contestant in a fresh process, and counts what it landed.

`seconds` is the sync alone; `start` what the process took until then (interpreter, imports, opening), and `memory`
is the peak of the whole process in MB, as Linux tells it.
"""

from __future__ import annotations

import subprocess
import sys
import time
from argparse import ArgumentParser
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import duckdb
import msgspec

from benchmarks.contestants.base import Contestant, Job

CONTESTANTS: Final = {
    "ours": "benchmarks.contestants.ours:OURS",
    "floor": "benchmarks.contestants.floor:FLOOR",
    "dlt": "benchmarks.contestants.dlt_peer:DEFAULT",
    "dlt tuned": "benchmarks.contestants.dlt_peer:TUNED",
    "dlt arrow": "benchmarks.contestants.dlt_peer:ARROW",
}


class Miscounted(Exception):
    """A contestant did not land what it should have: its time counts for nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """What one sync took: seconds, seconds, MB."""

    seconds: float
    start: float
    memory: float


def contestant(name: str) -> Contestant:
    module, _, attribute = CONTESTANTS[name].partition(":")
    found: Contestant = getattr(import_module(module), attribute)
    return found


def has_dlt() -> bool:
    """Whether the optional extra is installed."""
    return find_spec("dlt") is not None


def measure(name: str, job: Job) -> Figure:
    """One sync in a process of its own. Raises Miscounted, or RuntimeError where the process failed."""
    command = [sys.executable, "-m", "benchmarks.measure", name]
    began = time.perf_counter()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(msgspec.json.encode(job, enc_hook=str))
        process.stdin.close()
        told = process.stdout.read()
    took = time.perf_counter() - began
    if process.returncode:
        raise RuntimeError(f"{name} failed with exit code {process.returncode}")
    seconds, memory = map(float, told.splitlines()[-1].split())
    _check(name, job)
    return Figure(seconds=seconds, start=took - seconds, memory=memory)


def _check(name: str, job: Job) -> None:
    path, table = contestant(name).landed(job.folder, job.paging)
    with duckdb.connect(str(path), read_only=True) as connection:
        query = f"SELECT count(*), count(DISTINCT id), count(*) FILTER (revision = 2) FROM {table}"
        found = connection.execute(query).fetchone()
    expected = (job.records, job.records, job.changed if job.since else 0)
    if found != expected:
        raise Miscounted(f"{name} landed (rows, keys, changed) {found}, expected {expected}")


def main() -> None:
    parser = ArgumentParser(description="One sync of one contestant; the job comes on standard input.")
    parser.add_argument("contestant", choices=CONTESTANTS)
    given = parser.parse_args()
    job = msgspec.json.decode(sys.stdin.buffer.read(), type=Job, dec_hook=lambda kind, value: kind(value))
    job.folder.mkdir(parents=True, exist_ok=True)
    sync = contestant(given.contestant).prepare(job)
    began = time.perf_counter()
    sync()
    print(time.perf_counter() - began, _peak())


def _peak() -> float:
    """MB. Of this program alone: getrusage(2) also counts what its parent held before it."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


if __name__ == "__main__":
    main()
