"""The door itself: help, errors as sentences, exit codes, options of all commands, and that it opens quickly."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from console import manage, work
from console.cli import app, main
from console.reference import reference
from core.errors import CircuitOpen, CredentialRejected, HostNotAllowed, IntegrationError, PlatformUnavailable
from tests.console.conftest import Run
from tests.storage.test_state_repository import NOW

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "commands.md"
ROOT_COMMAND: Any = typer.main.get_command(app)


def commands(command: Any = ROOT_COMMAND, *path: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, child in command.commands.items():
        yield (*path, name), child
        if hasattr(child, "commands"):
            yield from commands(child, *path, name)


ALL = dict(commands())


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_every_command_has_help_with_an_example_and_says_what_each_option_does(path: tuple[str, ...], run: Run) -> None:
    command = ALL[path]
    result = run(*path, "--help")
    assert result.exit_code == 0
    assert command.help.endswith(".")
    assert [p.name for p in command.params if not p.help] == []
    if not hasattr(command, "commands"):
        assert f"$ integrations {' '.join(path)}" in command.epilog


def test_the_page_of_commands_is_up_to_date() -> None:
    told = "write it anew: python -m console.reference > docs/commands.md"
    assert PAGE.read_text(encoding="utf-8") == reference(), told


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_every_command_is_on_the_page(path: tuple[str, ...]) -> None:
    assert f"# integrations {' '.join(path)}\n" in PAGE.read_text(encoding="utf-8")


def test_the_first_help_is_grouped_for_a_newcomer(run: Run) -> None:
    shown = run("--help").output
    places = [shown.index(f"─ {panel} ") for panel in ("Connect", "Integrations", "Sync and watch", "Data", "System")]
    assert places == sorted(places)
    assert "integrations demo" in shown


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (CredentialRejected("the key was refused", advice="Make a new one."), 3),
        (PlatformUnavailable("it did not answer", advice="Wait."), 4),
        (CircuitOpen("calls are held back", at=NOW, advice="Later."), 5),
        (HostNotAllowed("another host", advice="Report it."), 6),
        (IntegrationError("something", advice="Do this."), 1),
    ],
)
def test_an_error_is_a_sentence_an_advice_and_an_exit_code(
    error: IntegrationError, code: int, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(manage, "list_integrations", fail)
    result = run("list")
    assert result.exit_code == code
    assert result.stdout == ""
    assert result.stderr == f"✗ {error}\n  {error.advice}\n"
    assert "Traceback" in run("--debug", "list").stderr


def test_interrupting_ends_with_130(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(manage, "list_integrations", interrupted)
    result = run("list")
    assert (result.exit_code, result.stdout) == (130, "")
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("debug", [False, True])
def test_what_nobody_foresaw_is_one_sentence_and_how_to_see_more(
    debug: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("the disk is gone\nsecond line")

    monkeypatch.setattr(manage, "list_integrations", broken)
    monkeypatch.setattr(sys, "argv", ["integrations", *(["--debug"] if debug else []), "list"])
    if debug:
        with pytest.raises(RuntimeError):
            main()
        return
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    told = capsys.readouterr().err
    assert "RuntimeError: the disk is gone" in told
    assert "--debug" in told
    assert "second line" not in told


def test_a_command_that_does_not_exist_is_refused(run: Run) -> None:
    result = run("lst")
    assert result.exit_code == 2
    assert "No such command" in result.stderr


def test_notes_go_to_standard_error_without_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    work.note("first\x1b[31m\nsecond")
    assert capsys.readouterr().err == "first[31m\nsecond\n"


def test_home_names_the_folder(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTEGRATIONS_HOME", "elsewhere")
    assert str(tmp_path / "other") in run("--home", str(tmp_path / "other"), "version").stdout


def test_help_loads_nothing_heavy() -> None:
    program = (
        "import sys, console.cli\n"
        "heavy = ('prefect', 'pandas', 'alembic', 'httpx', 'duckdb', 'sqlalchemy', 'sqlmodel', 'plotext', 'tasks',"
        " 'flows', 'deployments', 'msgspec', 'cryptography')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_list_loads_neither_prefect_nor_the_warehouse() -> None:
    program = (
        "import sys, console.manage, tasks.workspace\n"
        "heavy = ('prefect', 'pandas', 'alembic', 'httpx', 'duckdb', 'plotext', 'flows', 'deployments')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_output_into_a_closed_pipe_is_no_traceback() -> None:
    command = f"{sys.executable} -m console.cli keys --help | head -n 1"
    ran = subprocess.run(command, shell=True, cwd=ROOT, capture_output=True, text=True, check=False)
    assert "Traceback" not in ran.stderr
