"""Exactly once: processes that write and drain side by side are killed anywhere, and nothing is lost or doubled."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from storage.warehouse.drain import drain
from storage.warehouse.landing import LandingZone
from storage.warehouse.merge import check_keys
from storage.warehouse.reading import states
from tests.storage.killing import BEGIN, ROWS, T0, WORKERS, is_deletion, key_of, warehouse_of


def _expected_rows(events: int) -> dict[str, tuple[int, bool]]:
    rows: dict[str, tuple[int, bool]] = {}
    for n in range(events):
        key = key_of(n)
        if not is_deletion(n):
            rows[key] = (n, True)
        elif key in rows:
            rows[key] = (rows[key][0], False)
    return rows


def _check(folder: Path, seed: int, kills: int) -> None:
    command = [sys.executable, "-m", "tests.storage.killing", str(folder), str(seed), str(kills)]
    subprocess.run(command, check=True, cwd=Path(__file__).parents[2], timeout=600)
    assert [path.read_text() for path in folder.glob("*.crashed")] == []
    warehouse, landing = warehouse_of(folder), LandingZone(folder / "landing")
    report = drain(warehouse, landing, now=T0, wait=30.0)
    assert (report.rejected, report.quarantined, report.busy) == (0, 0, False)
    assert landing.pending() == []
    assert not landing.rejected.exists()
    landed = 0
    for name in WORKERS:
        written: dict[str, int] = {}
        for line in (folder / f"{name}.written").read_text().splitlines():
            stream, last = line.split()
            written[stream] = int(last)
        remembered = states(warehouse, landing, name)
        saved = {stream: int(str(one.state["n"])) for (stream, _), one in remembered.items()}
        # The kill may come between a segment and its note, never the other way round.
        assert all(saved[stream] >= last for stream, last in written.items())
        with warehouse.reading() as connection:
            log = connection.execute("SELECT n FROM kill.log WHERE _integration = ? ORDER BY n", [name]).fetchall()
            rows = connection.execute(
                "SELECT id, n, _deleted_at IS NULL FROM kill.rows WHERE _integration = ?", [name]
            ).fetchall()
            assert check_keys(connection, ROWS) == 0
        landed += len(log)
        assert [n for (n,) in log] == list(range(saved["log"]))
        assert {key: (n, live) for key, n, live in rows} == _expected_rows(saved["rows"])
    assert landed > len(WORKERS) * BEGIN


@pytest.mark.slow
def test_nothing_is_lost_or_doubled_when_processes_are_killed(tmp_path: Path) -> None:
    _check(tmp_path, seed=7, kills=15)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [11, 12])
def test_nothing_is_lost_or_doubled_when_processes_are_killed_hundreds_of_times(tmp_path: Path, seed: int) -> None:
    _check(tmp_path, seed=seed, kills=200)
