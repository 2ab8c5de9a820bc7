"""The demonstration: the main job, for real, against simulated platforms on this machine.

It lives in a folder of its own (`demo` in the home folder), made anew by each run, so that it never touches what
somebody has connected. Days are simulated: the sandbox's clock is put forward, and the flows are told the date.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final
from urllib.error import URLError
from urllib.parse import parse_qs, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener, urlopen

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from core.errors import PlatformUnavailable

if TYPE_CHECKING:
    from tasks.workspace import Workspace

DAYS: Final = 5
PEOPLE: Final = 300
AT_ONCE: Final = 4
_REDIRECT: Final = "http://127.0.0.1:8765/callback"
# The way to authenticate that the demo uses, where a platform has several: keys where they reach all streams.
_METHODS: Final[Mapping[str, str]] = {
    "claude": "admin_key",
    "dropbox": "oauth2",
    "hubspot": "service_key",
    "mailchimp": "api_key",
    "openai": "admin_key",
    "x": "oauth2",
}
# What happens in the middle of it, so that there is something to recover from: see `integrations ask error_patterns`.
_TROUBLE: Final = (
    {"match": "api.hubapi.com/*", "nth": 1, "kind": "rate_limited", "args": {"retry_after": 1}},
    {"match": "us21.api.mailchimp.com/*", "nth": 2, "kind": "status", "args": {"status": 503}, "times": 2},
    {"match": "api.x.com/*", "nth": 3, "kind": "cut", "args": {"at": 200}},
)


def run(home: Path, *, days: int = DAYS, console: Console | None = None) -> None:
    """Runs the demonstration in `home`/demo and prints what came of it. Takes two to three minutes."""
    out, began = console or Console(), perf_counter()
    folder = home / "demo"
    shutil.rmtree(folder, ignore_errors=True)
    os.environ["INTEGRATIONS_HOME"] = str(folder)
    os.environ.pop("INTEGRATIONS_DATABASE_URL", None)
    out.print("[bold]Integration manager: the main job, on simulated platforms[/bold]")
    out.print(f"Everything it writes is in {folder}; credentials and accounts are made up.\n")
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(days=days)
    with _sandbox(start) as sandbox:
        os.environ["INTEGRATIONS_SANDBOX"] = sandbox.address
        _story(out, sandbox, days, start)
    out.print(f"\nDone in {perf_counter() - began:.0f} seconds. A second run begins anew.")


def _story(out: Console, sandbox: _Sandbox, days: int, start: datetime) -> None:
    from console.demo_summary import print_summary
    from console.prefect_server import temporary_server
    from storage.home import Home
    from storage.keyring import create_keyring

    home = Home.from_env().create()
    create_keyring(home.keyring_file)
    columns = (TextColumn("  {task.description:<46}"), BarColumn(bar_width=24), TimeElapsedColumn())
    with ExitStack() as stack:
        progress = stack.enter_context(Progress(*columns, console=out))
        waiting = _stage(progress, "Starting an embedded Prefect", None)
        stack.enter_context(temporary_server(home))
        progress.update(waiting, total=1, completed=1)
        from tasks.workspace import Workspace

        workspace = Workspace.open(home)
        stack.callback(workspace.close)
        _connect_all(workspace, sandbox, progress)
        asyncio.run(_simulate(sandbox, progress, days, start))
        progress.stop()
        print_summary(out, workspace, days)


def _stage(progress: Progress, what: str, total: int | None) -> TaskID:
    """A bar of the display; where the output is no terminal, a line, so that a log shows progress as well."""
    if not progress.console.is_terminal:
        progress.console.print(f"  {what} …")
    return progress.add_task(what, total=total)


def _connect_all(workspace: Workspace, sandbox: _Sandbox, progress: Progress) -> None:
    """Connects one integration per platform, as a person would: with what they type, or through the consent page."""
    from connectors.catalog import PLATFORMS, connector
    from connectors.sdk.auth import OAuth2
    from tasks import connecting

    samples = sandbox.ask("credentials")
    bar = _stage(progress, "Connecting, credentials sealed into blocks", len(PLATFORMS))
    for platform in sorted(PLATFORMS):
        method = _METHODS.get(platform, connector(platform).auth[0].name)
        credential, settings = connecting.from_fields(platform, method, samples[platform][method])
        if isinstance(connector(platform).method(method), OAuth2):
            consent = connecting.begin_consent(platform, method, credential, _REDIRECT)
            code, state = sandbox.approve(consent.url)
            credential = connecting.finish_consent(workspace, consent, settings, code=code, state=state, name=platform)
        proven = connecting.prove(platform, credential, settings, name=platform, surroundings=workspace.surroundings)
        connecting.connect(workspace, platform, platform, proven)
        # The simulated days lie in the past: due at once, not from the real moment on.
        workspace.scope.update_integration(platform, next_due_at=None)
        progress.advance(bar)


async def _simulate(sandbox: _Sandbox, progress: Progress, days: int, start: datetime) -> None:
    from connectors.catalog import PLATFORMS
    from flows.sync import sync_platform
    from flows.watch import check_health, check_quality, scan_security

    # With all at once, syncs that save a refreshed token through Prefect were seen to stand still for a minute.
    places = asyncio.Semaphore(AT_ONCE)
    syncing = _stage(progress, f"Syncing {len(PLATFORMS)} platforms over {days} days", days * len(PLATFORMS))
    for day in range(days):
        now = start + timedelta(days=day)
        if day == days // 2:
            sandbox.fail(*_TROUBLE)

        async def one(platform: str, now: datetime = now) -> None:
            async with places:
                await sync_platform(platform, as_of=now, return_state=True)
            progress.advance(syncing)

        await asyncio.gather(*(one(platform) for platform in sorted(PLATFORMS)))
        await check_health(as_of=now, return_state=True)
        if day < days - 1:
            sandbox.advance(days=1)
    last = start + timedelta(days=days - 1)
    watching = _stage(progress, "Scanning security, checking quality", 2)
    await scan_security(as_of=last, return_state=True)
    progress.advance(watching)
    await check_quality(hours=24.0 * days, as_of=last, return_state=True)
    progress.advance(watching)


class _NoRedirect(HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


class _Sandbox:
    """The sandbox process, spoken to over its control addresses."""

    def __init__(self, address: str) -> None:
        self.address = address

    def ask(self, what: str) -> Any:
        with urlopen(f"{self.address}/_sandbox/{what}", timeout=30) as reply:  # noqa: S310 - our own loopback process
            return json.load(reply)

    def advance(self, *, days: int) -> None:
        self._tell("advance", {"days": days})

    def fail(self, *faults: Mapping[str, Any]) -> None:
        """Plans these failures for the calls to come."""
        self._tell("fault", list(faults))

    def _tell(self, what: str, value: Any) -> None:
        body = json.dumps(value).encode()
        request = Request(f"{self.address}/_sandbox/{what}", data=body, method="POST")  # noqa: S310 - as above
        urlopen(request, timeout=30).close()  # noqa: S310 - as above

    def approve(self, consent_url: str) -> tuple[str, str]:
        """What a person who approves would do in the browser: the code and state that come back."""
        parts = urlsplit(consent_url)
        local = f"{self.address}/_host/{parts.netloc}{parts.path}?{parts.query}"
        try:
            build_opener(_NoRedirect).open(local, timeout=30)
        except URLError as error:
            location = getattr(error, "headers", {}).get("Location", "")
            query = parse_qs(urlsplit(location).query)
            if "code" in query:
                return query["code"][0], query["state"][0]
        raise PlatformUnavailable("the sandbox's consent page did not approve", advice="Run the demo again.")


@contextmanager
def _sandbox(start: datetime) -> Iterator[_Sandbox]:
    command = [sys.executable, "-m", "sandbox", "--scale", str(PEOPLE), "--start", start.isoformat()]
    command += ["--auto-approve", "--until-input-ends"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise PlatformUnavailable("the sandbox did not start", advice="Try: python -m sandbox")
        yield _Sandbox(json.loads(line)["address"])
    finally:
        process.terminate()
        process.wait(timeout=10)
