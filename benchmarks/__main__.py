"""`python -m benchmarks`: measures, tells the figures and the goals. `--smoke` runs everything small, for CI."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import msgspec

from benchmarks import growth, landing, running, starting, syncing
from benchmarks.report import Goal, Measured, machine, show

_Part = Callable[[int, bool], Iterator[Measured]]


def _sync(rounds: int, smoke: bool) -> Iterator[Measured]:
    if smoke:
        yield syncing.full_and_changed(2_000, 1)[0]
        return
    small, few = syncing.full_and_changed(100_000, rounds)
    yield small
    large, many = syncing.full_and_changed(1_000_000, max(1, rounds // 2))
    memory = Goal(
        what="peak memory, times that of 100,000 records", found=many["ours"].memory / few["ours"].memory, limit=1.3
    )
    yield replace(large, goals=[*large.goals, memory])


def _latency(rounds: int, smoke: bool) -> Iterator[Measured]:
    yield syncing.with_latency(2_000, 5, 1) if smoke else syncing.with_latency(100_000, 50, max(1, rounds // 2))


def _landing(rounds: int, smoke: bool) -> Iterator[Measured]:
    yield landing.four_at_once(1, 1) if smoke else landing.four_at_once(10, rounds)


def _prefect(rounds: int, smoke: bool) -> Iterator[Measured]:
    yield running.flow_runs(1 if smoke else rounds)


def _start(rounds: int, smoke: bool) -> Iterator[Measured]:
    yield starting.commands(1 if smoke else 2 * rounds)
    yield starting.unsealing(rounds)


def _growth(rounds: int, smoke: bool) -> Iterator[Measured]:
    yield growth.stored([2_000, 4_000] if smoke else [100_000, 1_000_000, 10_000_000], 1 if smoke else rounds)


PARTS: Final[dict[str, _Part]] = {
    "sync": _sync,
    "latency": _latency,
    "landing": _landing,
    "prefect": _prefect,
    "start": _start,
    "growth": _growth,
}


def main() -> None:
    parser = ArgumentParser(prog="benchmarks", description="How fast, against the floor and against a peer.")
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)} (default: all)")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each contestant; medians are told")
    parser.add_argument("--smoke", action="store_true", help="everything small and once: does it still run?")
    parser.add_argument("--json", type=Path, help="writes the figures there as well")
    given = parser.parse_args()
    unknown = sorted(set(given.parts) - set(PARTS))
    if unknown:
        parser.error(f"there is no {', '.join(unknown)}: choose from {', '.join(PARTS)}")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # with it every process compiles all that it imports
    print(machine(), end="\n\n")
    found = []
    for name in given.parts or PARTS:
        for measured in PARTS[name](given.rounds, given.smoke):
            show(measured, judged=not given.smoke)
            found.append(measured)
    if given.json is not None:
        given.json.write_bytes(msgspec.json.format(msgspec.json.encode({"machine": machine(), "measured": found})))


if __name__ == "__main__":
    main()
