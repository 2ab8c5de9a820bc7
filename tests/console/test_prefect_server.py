"""Which Prefect server is used, and how its settings come about. What starts one is slow."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from console import prefect_server
from console.prefect_server import answers, environment, lasting_server, running, temporary_server, use_server
from core.errors import IntegrationError, UsageError
from storage.home import Home


class _Healthy(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/api/health" else 404)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def answering() -> Iterator[str]:
    """Something that answers as Prefect's health check does; its API address."""
    server = HTTPServer(("127.0.0.1", 0), _Healthy)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/api"
    server.shutdown()
    thread.join()
    server.server_close()


def test_everything_of_prefect_is_in_our_folder_and_sends_nothing_home(home: Home) -> None:
    settings = environment(home)
    assert settings["PREFECT_HOME"] == str(home.prefect_home)
    assert settings["DO_NOT_TRACK"] == "1"
    assert settings["PREFECT_SERVER_ANALYTICS_ENABLED"] == settings["GX_ANALYTICS_ENABLED"] == "false"


def test_the_server_that_the_environment_names_is_used(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    with answering() as url:
        monkeypatch.setenv("PREFECT_API_URL", url)
        with use_server(home) as server:
            assert (server.kind, server.url) == ("yours", url)
            assert os.environ["DO_NOT_TRACK"] == "1"
            assert "PREFECT_HOME" not in os.environ


def test_a_server_that_the_environment_names_and_that_is_away_says_so(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:1/api")
    with pytest.raises(IntegrationError, match="does not answer") as caught, use_server(home):
        pass
    assert "PREFECT_API_URL" in caught.value.advice


def test_the_server_of_up_is_found_and_the_environment_restored(home: Home) -> None:
    home.create()
    with answering() as url:
        (home.folder / "server.json").write_text(json.dumps({"url": url, "pid": 1}))
        with use_server(home) as server:
            assert (server.kind, server.ui) == ("running", url.removesuffix("/api"))
            assert os.environ["PREFECT_API_URL"] == url
    assert "PREFECT_API_URL" not in os.environ
    assert running(home) is None


def test_a_second_up_is_refused(home: Home) -> None:
    home.create()
    with answering() as url:
        (home.folder / "server.json").write_text(json.dumps({"url": url, "pid": 1}))
        with pytest.raises(UsageError, match="running already"), lasting_server(home):
            pass


@pytest.mark.parametrize(
    "note",
    ["", "{", "[]", '{"url": 7}', '{"url": "http://127.0.0.1:1/api"}', '{"url": "http://elsewhere.example/api"}'],
)
def test_a_stale_or_altered_note_is_not_believed(home: Home, note: str, monkeypatch: pytest.MonkeyPatch) -> None:
    home.create()
    (home.folder / "server.json").write_text(note)
    if "elsewhere" in note:
        monkeypatch.setattr(prefect_server, "answers", lambda url: True)
    assert running(home) is None


def test_a_port_that_listens_but_does_not_answer_is_no_server() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert not answers(f"http://127.0.0.1:{silent.getsockname()[1]}/api", timeout=0.2)


def test_the_next_free_port_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with prefect_server._listen(port) as found:
            assert port < found.getsockname()[1] < port + 50


def test_no_schedules_are_told_where_no_server_runs(home: Home, sandbox: str) -> None:
    from tasks.workspace import Workspace

    place = Workspace.open(home)
    assert not prefect_server.tell_schedules(place)
    place.close()


def test_a_server_that_does_not_start_says_where_it_says_why(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(IntegrationError, match="did not start") as caught, temporary_server(home, announce=False):
        pass
    assert "prefect-server.log" in caught.value.advice


PROGRAM = """
import os, sys
from console.prefect_server import temporary_server
from storage.home import Home
with temporary_server(Home.from_env()) as server:
    print(server.url, flush=True)
    sys.stdin.read()
"""


@pytest.mark.slow
@pytest.mark.parametrize("killed", [False, True], ids=["ends", "is killed"])
def test_a_temporary_server_ends_with_the_process_that_started_it(home: Home, killed: bool) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    assert answers(url)
    assert not (home.folder / "server.json").exists()
    assert not [path for path in home.folder.rglob("*") if path.is_file() and path.stat().st_mode & 0o077]
    if killed:
        process.kill()
    else:
        process.stdin.close()
    process.wait(timeout=30)
    deadline = time.monotonic() + 20
    while answers(url, timeout=1) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not answers(url, timeout=1)
    process.stdout.close()
