"""The demonstration, as a newcomer runs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from connectors.catalog import PLATFORMS
from tests.end_to_end.processes import environment

_BOUND = 400.0


@pytest.mark.slow
def test_the_demonstration_tells_what_was_synced_and_how_everything_is(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "console.cli", "--home", str(tmp_path / "home"), "demo"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment(), timeout=_BOUND)
    assert done.returncode == 0, done.stderr
    synced, _, watched = done.stdout.partition("Health")
    for platform in PLATFORMS:
        assert platform in synced
        assert f"{platform:<20}✓ healthy" in watched
    assert "Followers on X" in watched
    assert "expectations hold" in watched
    assert (tmp_path / "home" / "demo" / "warehouse.duckdb").exists()
    assert "Traceback" not in done.stdout + done.stderr
