"""No secret anywhere: everything is done once, by real processes, and then every byte they left is read."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from console.prefect_server import running
from storage.home import Home
from tests.end_to_end.processes import ROOT, RunningSandbox, environment
from tests.end_to_end.searching import SHORTEST, Search, contents

pytestmark = pytest.mark.slow
COMMAND = [sys.executable, "-m", "console.cli"]
KEYS = {"hubspot": "service_key", "openai": "admin_key"}
CONSENTS = ("dropbox", "mailchimp", "x")


@dataclass
class Terminal:
    """Runs commands as a person would, and keeps all that they say. Notes what can be seen of processes meanwhile."""

    env: Mapping[str, str]
    said: list[tuple[str, bytes]] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)

    def run(self, *words: str, given: object = None, expect: int | None = 0) -> str:
        done = subprocess.run(
            [*COMMAND, *words],
            cwd=ROOT,
            env=self.env,
            input=json.dumps(given) if given is not None else None,
            capture_output=True,
            text=True,
            timeout=180,
        )
        self.said += [(f"what `{' '.join(words)}` says", (done.stdout + done.stderr).encode())]
        assert expect is None or done.returncode == expect, done.stderr
        return done.stdout

    def consent(self, platform: str, fields: Mapping[str, str], sandbox: RunningSandbox) -> None:
        """Connects through the consent page: visits the address that is printed, and follows it back."""
        words = ("connect", platform, "--method", "oauth2", "--stdin", "--no-browser", "--callback-port", "0")
        process = subprocess.Popen(
            [*COMMAND, *words],
            cwd=ROOT,
            env=self.env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdin.write(json.dumps(fields))
        process.stdin.close()
        heard = ""
        while not (shown := re.search(rf"{sandbox.address}/_host/\S+", heard)):
            line = process.stderr.readline()
            assert line, heard
            heard += line
        httpx.get(shown.group(), follow_redirects=True, timeout=30, trust_env=False).raise_for_status()
        heard += process.stderr.read()
        assert process.stdout is not None
        out = process.stdout.read()
        assert process.wait(timeout=60) == 0, heard
        # The address for the browser holds the client id and the state, and is there to be seen.
        self.said.append((f"what connecting {platform} says", (out + heard).encode()))

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Notes the arguments of every process below this one, over and over."""
        stop = threading.Event()

        def watch() -> None:
            while not stop.wait(0.2):
                for process in Path("/proc").glob("[0-9]*"):
                    try:
                        mine = str(ROOT).encode() in (process / "environ").read_bytes()
                        if mine:
                            self.seen.add((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
                    except OSError:
                        continue

        thread = threading.Thread(target=watch, daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()


@contextmanager
def echoing_sandbox(notes: Path) -> Iterator[RunningSandbox]:
    command = [sys.executable, "-m", "tests.end_to_end.echoing", str(notes)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment())
    try:
        assert process.stdout is not None
        yield RunningSandbox(address=json.loads(process.stdout.readline())["address"], process=process)
    finally:
        process.terminate()
        process.wait(timeout=15)


@contextmanager
def everything_up(terminal: Terminal, home: Home) -> Iterator[None]:
    """`integrations up`, until its deployments are there; its words are kept."""
    log = home.folder.parent / "up.out"
    with log.open("wb") as said:
        process = subprocess.Popen(
            [*COMMAND, "up", "--port", "4480"], cwd=ROOT, env=terminal.env, stdout=said, stderr=said
        )
        deadline = time.monotonic() + 90
        while not _deployed(home) and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.5)
        try:
            assert process.poll() is None, log.read_text()
            yield
            note = home.folder / "server.json"
            terminal.said.append(("server.json", note.read_bytes()))
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=60)
    terminal.said.append(("what `up` says", log.read_bytes()))


def _deployed(home: Home) -> bool:
    server = running(home)
    if server is None:
        return False
    found = httpx.get(f"{server.url}/deployments/name/sync-integration/sync-integration", trust_env=False)
    return found.status_code == 200 and found.json()["status"] == "READY"


def secrets_of(home: Home, notes: Path, sandbox: RunningSandbox, used: Mapping[str, str]) -> dict[str, str]:
    """By a name that may be shown, all that travelled, all that was typed, and all app secrets."""
    travelled = sorted(set(notes.read_text().splitlines()))
    app = json.loads(home.keyring_file.read_text())["secrets"]
    known = {f"typed {name}": value for name, value in used.items()}
    known |= {f"travelled {number}": value for number, value in enumerate(travelled)}
    known |= {f"app secret {number}": value for number, value in app.items()}
    return {name: value for name, value in known.items() if len(value) >= SHORTEST}


def test_no_secret_is_left_anywhere(tmp_path: Path) -> None:
    notes, home = tmp_path / "notes", Home(folder=tmp_path / "home")
    first_secrets: dict[str, str] = {}
    with echoing_sandbox(notes) as sandbox:
        here = {"INTEGRATIONS_HOME": str(home.folder), "INTEGRATIONS_SANDBOX": sandbox.address}
        terminal = Terminal(environment(**here, PYTHONFAULTHANDLER="1"))
        samples = sandbox.get("credentials")
        used: dict[str, str] = {}
        with terminal.watching():
            with everything_up(terminal, home):
                for platform, method in KEYS.items():
                    terminal.run("connect", platform, "--method", method, "--stdin", given=samples[platform][method])
                    used |= {f"{platform} {name}": value for name, value in samples[platform][method].items()}
                for platform in CONSENTS:
                    fields = samples[platform]["oauth2"]
                    terminal.consent(platform, fields, sandbox)
                    used[f"{platform} client_secret"] = fields["client_secret"]
                terminal.run("sync", "--all", "--json")
                first_secrets = json.loads(home.keyring_file.read_text())["secrets"]
                terminal.run("keys", "add")
                terminal.run("keys", "rotate")
                terminal.run("keys", "retire", "1", "--yes")
                sandbox.post("advance", days=1)
                terminal.run("sync", "--all", "--full")
                _provoke(terminal, sandbox)
                for words in (("list", "--json"), ("show", "dropbox", "--json"), ("ask", "error_patterns", "--json")):
                    terminal.run(*words)
            # Without a server running: one of its own for a moment, and with tracebacks.
            terminal.run("--debug", "sync", "x", expect=None)
    search = Search(secrets_of(home, notes, sandbox, used) | {f"old {n}": s for n, s in first_secrets.items()})
    assert len(search.names) > 15
    places = [*terminal.said, *((f"arguments of {words[:60]}", words.encode()) for words in terminal.seen)]
    assert any("prefect.engine" in words for words in terminal.seen), "a flow run was seen"
    assert any("console.cli sync" in words for words in terminal.seen)
    assert search.findings(places) == set()
    left = list(contents(home.folder, but=["keyring.json"]))
    names = {name.partition(": ")[2] for name, _ in left}
    assert {"metrics.api_calls", "hubspot.contacts", "block_document", "log", "artifact", "audit_entry"} <= names
    assert search.findings(left) == set()
    # The search would have found one: it is in the keyring.
    assert search.findings([("the keyring", home.keyring_file.read_bytes())])
    _plant(home, used["dropbox client_secret"])
    assert search.findings(contents(home.folder, but=["keyring.json"]))


def _provoke(terminal: Terminal, sandbox: RunningSandbox) -> None:
    """Refusals of all kinds, each repeating the secret that it was sent."""
    kinds = {"hubapi": 400, "openai": 402, "mailchimp": 403, "dropboxapi": 409, "x.com": 500}
    for host, status in kinds.items():
        sandbox.post("fault", match=f"*{host}*", kind="status", args={"status": status}, times=0)
    terminal.run("sync", "--all", expect=None)
    terminal.run("check", expect=None)
    httpx.request("DELETE", f"{sandbox.address}/_sandbox/fault", trust_env=False)
    for platform in ("dropboxapi", "x.com"):
        sandbox.post("fault", match=f"*{platform}*", kind="expire_token")
        sandbox.post("fault", match=f"*{platform}*token", kind="status", args={"status": 400}, nth=2, times=3)
    terminal.run("sync", "--all", "--json", expect=None)
    sandbox.post("fault", match="*", kind="revoke", times=40)
    terminal.run("sync", "--all", "--json", expect=None)
    given = sandbox.get("credentials")["openai"]["admin_key"]
    terminal.run("connect", "openai", "--method", "admin_key", "--stdin", given=given, expect=None)


def _plant(home: Home, secret: str) -> None:
    with (home.folder / "logs" / "planted.log").open("w") as log:
        log.write(f"Authorization: Bearer {secret}\n")
