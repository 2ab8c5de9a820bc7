"""Processes that find the same token expired at the same time ask the platform for a new one once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tasks.connecting import begin_consent, connect, finish_consent, from_fields, prove
from tests.end_to_end.killing import open_place
from tests.end_to_end.processes import ROOT, RunningSandbox, environment, running_sandbox
from tests.tasks.connected import REDIRECT

AT_ONCE = 4


def connect_x(folder: Path, sandbox: RunningSandbox) -> None:
    place = open_place(folder, sandbox.address)
    app, settings = from_fields("x", "oauth2", sandbox.samples("x", "oauth2"))
    consent = begin_consent("x", "oauth2", app, REDIRECT)
    answer = sandbox.consent(consent.url)
    credential = finish_consent(place, consent, {}, code=answer["code"], state=answer["state"], name="x")
    proven = prove("x", credential, settings, name="x", surroundings=place.surroundings)
    connect(place, "x", "x", proven)
    place.close()


@pytest.mark.slow
def test_a_refresh_token_that_works_once_is_used_once(tmp_path: Path) -> None:
    # Slow enough that all of them are there before the first has its answer.
    with running_sandbox("--scale", "40", "--relaxed", "--auto-approve", "--latency", "0.4") as sandbox:
        connect_x(tmp_path / "home", sandbox)
        told = [sys.executable, "-m", "tests.end_to_end.refreshing", str(tmp_path / "home"), sandbox.address]
        workers = [
            subprocess.Popen(
                told,
                cwd=ROOT,
                env=environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for _ in range(AT_ONCE)
        ]
        for worker in workers:
            assert worker.stdout is not None
            assert worker.stdout.readline() == "ready\n"
        for worker in workers:
            assert worker.stdin is not None
            worker.stdin.write("\n")
            worker.stdin.flush()
        answers = [worker.communicate(timeout=60) for worker in workers]
        assert [worker.returncode for worker in workers] == [0] * AT_ONCE, [error for _, error in answers]
        assert len({token for token, _ in answers}) == 1
        calls = [call for call in sandbox.get("calls?last=1000")["calls"] if call["path"].endswith("/oauth2/token")]
        assert [call["status"] for call in calls] == [200, 200]  # the consent, and one refresh for all of them
