"""The reference of the command line, made from the commands themselves: `python -m console.reference`.

A test compares it with docs/commands.md, so that no command goes undocumented and no page goes stale.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any, Final

import typer

from console.cli import app

_INTRODUCTION: Final = """# Commands

Made by `python -m console.reference > docs/commands.md`; every command tells the same with `--help`.

Answers go to standard output, everything said along the way to standard error. `--json` answers in JSON.

| exit code | means |
|---|---|
| 0 | all went well |
| 1 | something failed that should not, or `check` and `scan` found something wrong |
| 2 | what was asked for does not exist or makes no sense |
| 3 | a credential needs you |
| 4 | the platform failed, or refused |
| 5 | not now: the platform, or another run, wants you to come back later |
| 6 | a request would have left the platform's declared hosts |
| 7 | a connector broke a rule of the engine: please report it |
| 130 | you interrupted it |

Global options stand before the command: `integrations --home /srv/integrations list`.
"""


def reference() -> str:
    """The whole page, in Markdown."""
    root: Any = typer.main.get_command(app)
    parts = [_INTRODUCTION, "## Global options\n", *_options(root)]
    panels: dict[str, list[str]] = {}
    for name, command in root.commands.items():
        lines = panels.setdefault(command.rich_help_panel, [])
        if hasattr(command, "commands"):
            lines.append(f"### integrations {name}\n\n{command.help}\n")
            for inner, leaf in command.commands.items():
                lines += _command(f"{name} {inner}", leaf, level=4)
        else:
            lines += _command(name, command, level=3)
    for panel, lines in panels.items():
        parts += [f"\n## {panel}\n", *lines]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(parts)).strip() + "\n"


def _command(name: str, command: Any, *, level: int) -> Iterator[str]:
    yield f"{'#' * level} integrations {name}\n"
    yield f"{command.help}\n"
    yield from _options(command)
    _, *examples = command.epilog.split("\n")
    yield "\n```console\n" + "\n".join(examples) + "\n```\n"


def _options(command: Any) -> Iterator[str]:
    rows = [_row(parameter) for parameter in command.params if parameter.name not in ("help", *_COMPLETION)]
    if rows:
        yield "| option | what it does |\n|---|---|\n" + "\n".join(rows) + "\n"


_COMPLETION: Final = ("install_completion", "show_completion")


def _row(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        name = f"`{parameter.name.upper()}`" + ("" if parameter.required else " (may be left out)")
    else:
        names = ", ".join(f"`{option}`" for option in (*parameter.opts, *parameter.secondary_opts))
        flag = getattr(parameter, "is_flag", False) or getattr(parameter, "is_bool_flag", False)
        value = (parameter.metavar or parameter.name.strip("_").upper()).replace("|", " or ")
        name = names if flag else f"{names} {value}"
    default = parameter.default
    shown = f" Default: {default}." if isinstance(default, int | str) and not isinstance(default, bool) else ""
    return f"| {name} | {parameter.help.replace('|', chr(92) + '|')}{shown} |"


if __name__ == "__main__":
    sys.stdout.write(reference())
