"""The benchmarks, small and once: so that they cannot rot. What they measure here means nothing."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from benchmarks.api import serving
from benchmarks.contestants.base import Job
from benchmarks.measure import Miscounted, measure

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.slow
def test_every_benchmark_still_runs_and_counts_its_rows(tmp_path: Path) -> None:
    told = tmp_path / "figures.json"
    command = [sys.executable, "-m", "benchmarks", "--smoke", "--json", str(told)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert run.returncode == 0, run.stderr
    measured = msgspec.json.decode(told.read_bytes())["measured"]
    assert len(measured) == 7
    contestants = {row[0] for row in measured[0]["rows"]}
    assert {"ours", "floor"} <= contestants


@pytest.mark.slow
def test_a_contestant_that_landed_too_little_is_not_counted(tmp_path: Path) -> None:
    with serving(200, [(200, 2), (100, 2)]) as address:
        short = Job(address=address, folder=tmp_path, paging="cursor", records=100, changed=2)
        measure("floor", short)
        # A second sync of changes does not bring the rows that a longer list would have.
        with pytest.raises(Miscounted, match="expected"):
            measure("floor", replace(short, records=200, since="2026-01-01T00:00:00Z"))
