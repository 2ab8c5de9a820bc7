"""Which Prefect server is used: the one PREFECT_API_URL names, the one `integrations up` runs, or one of our own.

Prefect reads its settings from the environment when it is first imported. So they are set here, and whoever needs
Prefect imports it after that.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, build_opener

from core.errors import IntegrationError, UsageError

if TYPE_CHECKING:
    from storage.home import Home
    from tasks.workspace import Workspace

DEFAULT_PORT: Final = 4200
HOST: Final = "127.0.0.1"
API_VARIABLE: Final = "PREFECT_API_URL"
START_SECONDS: Final = 120.0
_STOP_SECONDS: Final = 15.0
_SEND_SECONDS: Final = 10
_POLL_SECONDS: Final = 0.1
_PORTS_TRIED: Final = 50
_ROOT: Final = Path(__file__).parent.parent

# A server that only lends its blocks and records for a moment schedules nothing and shows nothing.
_TEMPORARY: Final[Mapping[str, str]] = {
    "PREFECT_UI_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_SCHEDULER_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_LATE_RUNS_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_TRIGGERS_ENABLED": "false",
}

Meanwhile = Callable[[], object]
Kind = Literal["yours", "running", "temporary"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A Prefect server that answers. `url` is its API's address.

    `kind`: `yours` is the one PREFECT_API_URL names, `running` the one of `integrations up`.
    """

    url: str
    kind: Kind

    @property
    def ui(self) -> str:
        return self.url.removesuffix("/api")


def _nothing() -> None:
    """There is nothing to do while the server starts."""


def import_vault() -> None:
    """What most commands need Prefect for; importing it takes as long as a server to start."""
    import connectors.sdk.vault  # noqa: F401


def environment(home: Home) -> dict[str, str]:
    """The settings of an embedded Prefect: its files in our folder, no telemetry, a quiet terminal.

    The console handler of its logging is for the terminal alone: the server's log of a run stays complete.
    """
    return {
        "PREFECT_HOME": str(home.prefect_home),
        "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
        "PREFECT_RUNNER_POLL_FREQUENCY": "2",
        "DO_NOT_TRACK": "1",
        "GX_ANALYTICS_ENABLED": "false",
    }


@contextmanager
def use_server(home: Home, *, announce: bool = True, meanwhile: Meanwhile = _nothing) -> Iterator[Server]:
    """The server there is, else a temporary one. PREFECT_API_URL names it meanwhile.

    `meanwhile` is done while a server starts: what imports Prefect takes as long as that, and needs the address only.
    """
    given = os.environ.get(API_VARIABLE)
    found = Server(url=given, kind="yours") if given else running(home)
    if found is None:
        with temporary_server(home, announce=announce, meanwhile=meanwhile) as server:
            yield server
        return
    if not answers(found.url):
        raise IntegrationError(
            f"the Prefect server at {found.url} does not answer",
            advice=f"Start it, or unset {API_VARIABLE} to use the embedded one.",
        )
    with _environment(home, found.url, keep=found.kind == "yours"):
        yield found


@contextmanager
def temporary_server(home: Home, *, announce: bool = True, meanwhile: Meanwhile = _nothing) -> Iterator[Server]:
    """A server of this process alone, on a free port: stopped at the end, and unknown to other processes."""
    if announce:
        sys.stderr.write("Starting Prefect for a moment (`integrations up` in another terminal keeps one running) …\n")
    with _child(home, 0, extra=_TEMPORARY, meanwhile=meanwhile) as (_, url):
        try:
            yield Server(url=url, kind="temporary")
        finally:
            _send_what_waits()


@contextmanager
def lasting_server(home: Home, port: int = DEFAULT_PORT, *, meanwhile: Meanwhile = _nothing) -> Iterator[Server]:
    """The server of `integrations up`, on this port or the next free one; other commands find it meanwhile.

    Raises UsageError where one is running already.
    """
    other = running(home)
    if other is not None:
        raise UsageError(f"integrations up is running already, at {other.ui}", advice="Use that one, or stop it first.")
    with _child(home, port, extra={}, meanwhile=meanwhile) as (pid, url):
        note = home.folder / "server.json"
        note.write_text(json.dumps({"url": url, "pid": pid}))
        try:
            yield Server(url=url, kind="running")
        finally:
            note.unlink(missing_ok=True)


def running(home: Home) -> Server | None:
    """The server of `integrations up` in this home, if one answers."""
    try:
        noted = json.loads((home.folder / "server.json").read_text())
        url = str(noted["url"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    # The note is a file that may be stale or altered: only a server on this machine is believed.
    if urlsplit(url).hostname != HOST or not answers(url):
        return None
    return Server(url=url, kind="running")


def answers(url: str, timeout: float = 3.0) -> bool:
    """Whether a server speaks at this API address, be it to refuse us."""
    try:
        build_opener(ProxyHandler({})).open(f"{url}/health", timeout=timeout).close()
    except HTTPError:
        return True
    except (OSError, ValueError, HTTPException):
        return False
    return True


def tell_schedules(workspace: Workspace, server: Server | None = None) -> bool:
    """Brings the schedules of a running server up to date; False where none runs, or nothing is deployed there.

    Nothing is lost by False: `integrations up` makes the schedules from what is connected when it starts.
    """
    if server is not None:
        return server.kind != "temporary" and _tell(workspace)
    if not os.environ.get(API_VARIABLE) and running(workspace.home) is None:
        return False
    with use_server(workspace.home, announce=False):
        return _tell(workspace)


def _tell(workspace: Workspace) -> bool:
    from deployments.schedules import tell_server

    return tell_server(workspace)


@contextmanager
def _environment(home: Home, url: str, *, keep: bool = False) -> Iterator[None]:
    """Sets Prefect's settings for this process and its children; with `keep`, those that are set already stay."""
    wanted = environment(home)
    if keep:
        wanted = {name: os.environ.get(name, value) for name, value in wanted.items() if name != "PREFECT_HOME"}
    else:
        # Plain HTTP on loopback: reading the certificates of authorities for each of Prefect's clients (some 20 ms,
        # several a task run) would be for nothing.
        wanted["PREFECT_API_TLS_INSECURE_SKIP_VERIFY"] = "true"
    wanted |= {API_VARIABLE: url, "INTEGRATIONS_HOME": str(home.folder)}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def _child(home: Home, port: int, *, extra: Mapping[str, str], meanwhile: Meanwhile) -> Iterator[tuple[int, str]]:
    """Starts the server process and waits until it answers; gives its process id and API address."""
    home.create()
    listening = _listen(port)
    actual = int(listening.getsockname()[1])
    url = f"http://{HOST}:{actual}/api"
    settings = {
        **os.environ,
        **environment(home),
        **extra,
        API_VARIABLE: url,
        "PREFECT_SERVER_API_HOST": HOST,
        "PREFECT_SERVER_API_PORT": str(actual),
        "PYTHONPATH": os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH")))),
    }
    log = log_file(home)
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as output:
        # A session of its own: Ctrl-C in the terminal reaches us first, and we stop it when all else is done.
        process = subprocess.Popen(
            [sys.executable, "-m", "console.prefect_child", str(listening.fileno())],
            env=settings,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            pass_fds=(listening.fileno(),),
            start_new_session=True,
            umask=0o077,
        )
    listening.close()
    try:
        with _environment(home, url):
            meanwhile()
            _wait(process, url, log)
            yield process.pid, url
    finally:
        _stop(process)


def log_file(home: Home) -> Path:
    """Where the embedded server's own output goes."""
    return home.folder / "logs" / "prefect-server.log"


def _send_what_waits() -> None:
    """Prefect sends logs and events from threads of its own: what still waits must go before the server does."""
    for worker in ("APILogWorker", "EventsWorker"):
        logging.getLogger(worker).setLevel(logging.ERROR)  # that something still waits is no news here
    handlers, events = sys.modules.get("prefect.logging.handlers"), sys.modules.get("prefect.events.worker")
    if handlers is not None:
        handlers.APILogWorker.drain_all(timeout=_SEND_SECONDS, at_exit=False)
    if events is not None:
        events.EventsWorker.drain_all(timeout=_SEND_SECONDS, at_exit=False)


def _listen(port: int) -> socket.socket:
    """A socket listening at this port (0: any) or the next free one."""
    for candidate in range(port, port + _PORTS_TRIED):
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((HOST, candidate))
            listening.listen(128)
        except OSError:
            listening.close()
        else:
            return listening
    raise UsageError(f"no port from {port} to {port + _PORTS_TRIED - 1} is free", advice="Name another one: --port")


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise IntegrationError("the embedded Prefect server did not start", advice=f"It says why in {log}.")
        if answers(url, timeout=2.0):
            return
        time.sleep(_POLL_SECONDS)
    raise IntegrationError(
        f"the embedded Prefect server did not answer within {START_SECONDS:.0f} seconds", advice=f"See {log}."
    )


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
