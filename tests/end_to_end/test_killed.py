"""Processes that sync several platforms at once over real sockets are killed at random, many times."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.end_to_end.killing import METHODS, connect_all, open_place, sync_now
from tests.end_to_end.processes import ROOT, environment, running_sandbox
from tests.tasks.landed import Rows, live, query

KILLS = int(os.environ.get("INTEGRATIONS_TEST_KILLS", "60"))

# Set to anything, each state is written before its records: the first of the two tests then fails.
BROKEN = ["broken"] if os.environ.get("INTEGRATIONS_TEST_BROKEN") else []

# Their counters move while one looks.
MOVING = ("mailchimp.audiences", "mailchimp.campaigns", "mailchimp.reports")

HISTORIES = {"dropbox.revisions"}
"""What was seen once stays, while a fresh read tells the latest alone."""


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "full"), [(1, 0.0), (2, 0.2)])
def test_whoever_is_killed_whenever_every_record_stands_once(tmp_path: Path, seed: int, full: float) -> None:
    options = ("--scale", "150", "--relaxed", "--latency", "0.005", "--seed", str(seed))
    with running_sandbox(*options, start=datetime.now(UTC)) as sandbox:
        home = tmp_path / "killed"
        told = [str(home), sandbox.address, str(seed), str(KILLS), str(full), *BROKEN]
        command = [sys.executable, "-m", "tests.end_to_end.killing", *told]
        ran = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=600)
        assert ran.returncode == 0, ran.stderr
        assert "Error" not in ran.stderr, ran.stderr
        # Members that were deleted for good are found by a full read once a week, at the sync after it is due.
        sandbox.post("advance", days=8)
        for _ in range(2):
            found = _synced(home, sandbox.address)
        connect_all(tmp_path / "fresh", sandbox.address)
        wanted = _synced(tmp_path / "fresh", sandbox.address)
        for table in wanted:
            missing, extra = wanted[table].keys() - found[table].keys(), found[table].keys() - wanted[table].keys()
            assert (table, missing) == (table, set())
            assert table in HISTORIES or (table, extra) == (table, set())
            differ = [key for key in wanted[table] if wanted[table][key] != found[table][key]]
            assert table in MOVING or (table, differ) == (table, [])
        place = open_place(home, sandbox.address)
        assert query(place, "SELECT count(*) - count(DISTINCT id) FROM landed.segments") == [(0,)]
        assert query(place, "SELECT count(*) FROM landed.quarantine") == [(0,)]
        assert query(place, "SELECT 1 FROM mailchimp.audiences_daily GROUP BY _day, id HAVING count(*) > 1") == []
        assert place.landing.pending() == []
        assert not place.landing.rejected.exists()
        reports = [sync_now(place, sandbox.address, name) for name in METHODS]
        idle = {stream.stream: stream.rows for report in reports for stream in report.streams}
        # Each look for changes reaches back five minutes further than it must.
        assert max(idle[stream] for stream in ("contacts", "deals", "entries", "members")) < 4
        place.close()


def _synced(home: Path, address: str) -> Rows:
    place = open_place(home, address)
    rows: Rows = {}
    for name in METHODS:
        report = sync_now(place, address, name)
        assert (name, report.outcome, str(report.error or "")) == (name, "ok", "")
        rows |= live(place.warehouse, name)
    place.close()
    return rows
