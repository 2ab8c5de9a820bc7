"""`integrations up`, as a person runs it: what is connected gets synced by itself, and Ctrl-C ends everything."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.end_to_end.processes import ROOT, RunningSandbox, environment, running_sandbox

_COMMAND = (sys.executable, "-m", "console.cli")
_SYNCED_WITHIN = 180.0
_STOPPED_WITHIN = 45.0


def _integrations(env: dict[str, str], *words: str, given: str = "") -> str:
    done = subprocess.run(
        [*_COMMAND, *words], input=given, capture_output=True, text=True, cwd=ROOT, env=env, timeout=180
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _connected(sandbox: RunningSandbox, home: Path) -> dict[str, str]:
    env = environment(INTEGRATIONS_HOME=str(home), INTEGRATIONS_SANDBOX=sandbox.address)
    key = json.dumps(dict(sandbox.samples("hubspot", "service_key")))
    _integrations(env, "connect", "hubspot", "--method", "service_key", "--stdin", given=key)
    return env


@pytest.mark.slow
def test_what_is_connected_is_synced_by_its_schedule_and_an_interrupt_stops_it_all(tmp_path: Path) -> None:
    with running_sandbox("--scale", "60") as sandbox:
        env = _connected(sandbox, tmp_path / "home")
        up = subprocess.Popen(
            [*_COMMAND, "up", "--port", "4371"], cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        try:
            deadline = time.monotonic() + _SYNCED_WITHIN
            synced = None
            while synced is None and time.monotonic() < deadline and up.poll() is None:
                time.sleep(2)
                (hubspot,) = json.loads(_integrations(env, "list", "--json"))
                synced = hubspot["last_success_at"]
        finally:
            up.send_signal(signal.SIGINT)
            printed, _ = up.communicate(timeout=_STOPPED_WITHIN)
    assert synced is not None, printed.decode()
    assert up.returncode == 0, printed.decode()
    assert not (tmp_path / "home" / "server.json").exists()
