"""What a person gives to connect: from options, standard input, the environment, or asked for in the terminal.

A secret is never an argument: arguments can be read by every user of the machine, and stay in the shell's history.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import typer

from connectors.sdk.auth import Auth, Field
from core.errors import CredentialMalformed, UsageError

TRIES: Final = 3
_LONGEST_PATH: Final = 1024

Ask = Callable[[Field], str]


def interactive() -> bool:
    """Whether a person can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def ask(field: Field) -> str:
    """Asks in the terminal, hidden where it is secret."""
    if field.help:
        typer.secho(f"  {field.help}", dim=True, err=True)
    notes = [
        "the file's path" if field.file else "",
        f"empty for {field.default or 'none'}" if field.optional or field.default else "",
        "hidden" if _hidden(field) else "",
    ]
    told = ", ".join(filter(None, notes))
    answer: str = typer.prompt(
        f"{field.title} ({told})" if told else field.title,
        hide_input=_hidden(field),
        default="" if field.optional or field.default else None,
        show_default=False,
        err=True,
    )
    return _whole(field, answer)


def _hidden(field: Field) -> bool:
    """A path is no secret, what stands in the file is."""
    return field.secret and not field.file


def _whole(field: Field, value: str) -> str:
    """What stands in the file that the value names; the value itself where it names none, or the field is no file.

    Raises CredentialMalformed where the file cannot be read.
    """
    path = Path(value.strip()).expanduser()
    if not field.file or value.lstrip()[:1] in ("{", "-", "") or len(value) > _LONGEST_PATH:
        return value
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise CredentialMalformed(
            f"{field.title}: the file {path.name} cannot be read", advice="Give the path of the file that was made."
        ) from error


def variable(platform: str, field: str) -> str:
    """The environment variable of a field."""
    return f"INTEGRATIONS_{platform}_{field}".upper()


def refuse_secrets(options: Sequence[str], fields: Iterable[Field]) -> None:
    """Raises UsageError for a `--field` of any of these fields that is secret. The value is not repeated."""
    secret = {field.name: field for field in fields if field.secret}
    for option in options:
        name = option.partition("=")[0]
        if name in secret:
            raise UsageError(
                f"{secret[name].title} is secret, and arguments can be read by everybody on this machine",
                advice="Leave it out to be asked for it, or give it with --stdin. What was typed now is in your "
                "shell's history: have the platform make you a new one.",
            )


def from_options(options: Sequence[str], fields: Sequence[Field]) -> dict[str, str]:
    """The `--field name=value` options, of which none is secret. Raises UsageError for an unknown one."""
    known = {field.name for field in fields if not field.secret}
    given: dict[str, str] = {}
    for option in options:
        name, equals, value = option.partition("=")
        if name not in known:
            # What stands before a missing = may be a secret.
            told = f"there is no field {name} that may be an argument" if equals else "--field wants name=value"
            raise UsageError(told, advice=f"There are: {', '.join(sorted(known)) or 'none'}.")
        given[name] = value
    return given


def from_stdin() -> dict[str, str]:
    """A JSON object of fields. Raises UsageError, which never quotes what came."""
    try:
        members = json.loads(sys.stdin.read())
    except ValueError:
        members = None
    if not isinstance(members, dict) or not all(isinstance(value, str) for value in members.values()):
        raise UsageError(
            "standard input is not a JSON object of texts", advice='For example: {"token": "…"}, without other output.'
        )
    return members


def from_environment(platform: str, fields: Sequence[Field], env: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The fields whose variables are set."""
    named = {field.name: env.get(variable(platform, field.name), "") for field in fields}
    return {name: value for name, value in named.items() if value}


def gather(
    platform: str, auth: Auth, fields: Sequence[Field], given: Mapping[str, str], *, ask: Ask | None
) -> dict[str, str]:
    """All fields with their values checked. `ask` is None where nobody can be asked.

    Raises CredentialMalformed for a value without the platform's form (when asked: after three tries), UsageError
    for one that is missing or unknown.
    """
    unknown = sorted(set(given) - {field.name for field in fields})
    if unknown:
        known = ", ".join(field.name for field in fields)
        raise UsageError(f"{auth.title} has no field {', '.join(unknown)}", advice=f"It has: {known}.")
    values: dict[str, str] = {}
    for field in fields:
        if given.get(field.name):
            values[field.name] = field.check(_whole(field, given[field.name]))
        elif ask is not None:
            values[field.name] = _asked(field, ask)
        elif field.default:
            values[field.name] = field.check("")
        elif not field.optional:
            raise UsageError(
                f"{field.title} is missing, and there is no terminal to ask in",
                advice=f'Set {variable(platform, field.name)}, or give {{"{field.name}": "…"}} to --stdin'
                + (f", or --field {field.name}=…" if not field.secret else "."),
            )
    return values


def _asked(field: Field, ask: Ask) -> str:
    for last in (False,) * (TRIES - 1) + (True,):
        try:
            return field.check(ask(field))
        except CredentialMalformed as error:
            if last:
                raise
            typer.secho(f"  {error}. {error.advice}", fg="yellow", err=True)
    raise AssertionError("the last try returns or raises")
