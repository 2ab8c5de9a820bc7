"""The whole command line as real processes, with a real Prefect: slow."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from console.prefect_server import running
from sandbox.samples import SAMPLES
from storage.home import Home

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "console.cli"]
TOKEN = SAMPLES["hubspot"]["service_key"]["token"]
SECRET = {"INTEGRATIONS_HUBSPOT_TOKEN": TOKEN}


def integrations(*args: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *args], cwd=ROOT, env={**os.environ, **(env or {})}, capture_output=True, text=True, timeout=120
    )


def connect() -> None:
    done = integrations("connect", "hubspot", "--method", "service_key", env=SECRET)
    assert done.returncode == 0, done.stderr


@contextmanager
def up(home: Home) -> Iterator[subprocess.Popen[bytes]]:
    """`integrations up`, until it serves."""
    process = subprocess.Popen([*COMMAND, "up", "--port", "4390"], cwd=ROOT, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while running(home) is None and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.2)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)


def test_connect_sync_check_scan_ask_rotate_remove_without_anything_running(home: Home, sandbox: str) -> None:
    connect()
    synced = integrations("sync", "hubspot", "--json")
    assert synced.returncode == 0, synced.stderr
    (told,) = json.loads(synced.stdout)
    assert told["outcome"] == "ok"
    assert told["calls"] >= 5
    assert "Error" not in synced.stderr
    checked = integrations("check")
    assert checked.returncode == 0, checked.stderr
    scanned = integrations("scan", "--json")
    assert (scanned.returncode, json.loads(scanned.stdout)) == (0, [])
    asked = integrations("ask", "SELECT count(*) AS n FROM hubspot.contacts", "--json")
    assert json.loads(asked.stdout) == [{"n": 30}]
    assert integrations("keys", "add").returncode == 0
    rotated = integrations("keys", "rotate")
    assert rotated.returncode == 0, rotated.stderr
    assert integrations("keys", "retire", "1", "--yes").returncode == 0
    assert integrations("sync", "hubspot").returncode == 0
    assert not [p for p in home.folder.rglob("*") if p.is_file() and TOKEN.encode() in p.read_bytes()]
    removed = integrations("remove", "hubspot", "--yes")
    assert removed.returncode == 0, removed.stderr
    assert json.loads(integrations("list", "--json").stdout) == []


def test_up_takes_syncs_checks_and_schedules_and_stops_cleanly(home: Home, sandbox: str) -> None:
    with up(home) as process:
        connect()
        server = running(home)
        assert server is not None
        deadline = time.monotonic() + 60
        while not deployed(server.url) and time.monotonic() < deadline:
            time.sleep(0.5)
        handed = integrations("sync", "hubspot", "--no-wait", "--json")
        assert handed.returncode == 0, handed.stderr
        synced = integrations("sync", "hubspot", "--json")
        assert json.loads(synced.stdout)[0]["outcome"] == "ok", synced.stderr
        assert "Starting Prefect" not in synced.stderr
        assert integrations("check").returncode == 0
        assert integrations("update", "hubspot", "--every", "7").returncode == 0
        assert schedules(server.url) == {"hubspot": 7 * 60.0}
        assert integrations("pause", "hubspot").returncode == 0
        assert schedules(server.url) == {}
        second = integrations("up")
        assert second.returncode == 2
        assert "running already" in second.stderr
    assert process.returncode == 0
    assert running(home) is None
    assert not (home.folder / "server.json").exists()


def deployed(url: str) -> bool:
    found = httpx.get(f"{url}/deployments/name/sync-integration/sync-integration")
    return found.status_code == 200 and found.json()["status"] == "READY"


def schedules(url: str) -> dict[str, float]:
    found = httpx.get(f"{url}/deployments/name/sync-platform/sync-platform").json()["schedules"]
    return {one["slug"]: one["schedule"]["interval"] for one in found}


def test_a_sync_that_is_interrupted_ends_with_130_and_the_next_one_goes_on(home: Home, sandbox: str) -> None:
    connect()
    httpx.post(f"{sandbox}/_sandbox/settings", json={"latency": 2.0})
    before = calls(sandbox)
    try:
        process = subprocess.Popen([*COMMAND, "sync", "hubspot"], cwd=ROOT, stderr=subprocess.PIPE, text=True)
        deadline = time.monotonic() + 60
        while calls(sandbox) == before and time.monotonic() < deadline:
            time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=60)
    finally:
        httpx.post(f"{sandbox}/_sandbox/settings", json={"latency": 0.0})
    assert process.returncode == 130
    assert "Interrupted" in told
    assert not re.search(r"Traceback", told)
    again = integrations("sync", "hubspot", "--json")
    assert json.loads(again.stdout)[0]["outcome"] == "ok", again.stderr


def calls(sandbox: str) -> int:
    total: int = httpx.get(f"{sandbox}/_sandbox/calls?last=1").json()["total"]
    return total
