"""`integrations connect`: ask, prove, seal, schedule."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import typer

from connectors.catalog import connector
from connectors.sdk.auth import Auth, Field, OAuth2, Settings
from connectors.sdk.base import Connector
from console import fields
from console.render import every
from console.work import note, workspace
from core.errors import UsageError

if TYPE_CHECKING:
    from connectors.sdk.credential import Credential
    from storage.state.models import Integration
    from tasks.connecting import Proven
    from tasks.workspace import Workspace

_SANDBOX: Final = "INTEGRATIONS_SANDBOX"
_TOKEN_FIELDS: Final = (
    Field(name="access_token", title="Access token"),
    Field(
        name="refresh_token",
        title="Refresh token",
        optional=True,
        help="Without it, connect again when the access token expires.",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """The options of `connect`."""

    name: str | None
    method: str | None
    every: int | None
    fields: tuple[str, ...]
    stdin: bool
    paste_token: bool
    browser: bool
    callback_port: int


def connect_platform(platform: str, wishes: Wishes) -> None:
    """Connects an account: nothing is written before the platform has accepted the credential."""
    wanted = connector(platform)
    name = wishes.name or platform
    fields.refuse_secrets(wishes.fields, (*_TOKEN_FIELDS, *(field for auth in wanted.auth for field in auth.fields)))
    given = fields.from_stdin() if wishes.stdin else {}
    ask = fields.ask if fields.interactive() and not wishes.stdin else None
    auth = _method(wanted, wishes.method, ask is not None)
    with workspace(new=True) as place:
        _look_at_name(place, platform, name)
        credential, settings = _credential(place, wanted, auth, name, wishes, given, ask)
        note(f"Trying it against {wanted.title} …")
        from tasks import connecting

        proven = connecting.prove(platform, credential, settings, name=name, surroundings=place.surroundings)
        _tell_proven(wanted, auth, proven)
        integration = _seal(place, platform, name, proven, wishes.every)
    _tell_next(integration)


def _method(wanted: Connector, chosen: str | None, can_ask: bool) -> Auth:
    if chosen is not None or len(wanted.auth) == 1:
        return wanted.method(chosen) if chosen is not None else wanted.auth[0]
    if not can_ask:
        raise UsageError(
            f"{wanted.title} can be connected in several ways",
            advice=f"Choose one with --method: {', '.join(auth.name for auth in wanted.auth)}",
        )
    for number, auth in enumerate(wanted.auth, 1):
        typer.echo(f"  {number}. {auth.title}{f' — {auth.help}' if auth.help else ''}", err=True)
    while True:
        choice: int = typer.prompt(f"How do you connect {wanted.title}", type=int, default=1, err=True)
        if 1 <= choice <= len(wanted.auth):
            return wanted.auth[choice - 1]


def _credential(
    place: Workspace,
    wanted: Connector,
    auth: Auth,
    name: str,
    wishes: Wishes,
    given: Mapping[str, str],
    ask: fields.Ask | None,
) -> tuple[Credential, Settings]:
    from tasks import connecting

    pasted: Sequence[Field] = _TOKEN_FIELDS if wishes.paste_token else ()
    if pasted and not isinstance(auth, OAuth2):
        raise UsageError(f"{auth.title} has no access token to paste", advice="Leave --paste-token out.")
    declared = (*auth.fields, *pasted)
    values = fields.gather(
        wanted.name,
        auth,
        declared,
        {**fields.from_environment(wanted.name, declared), **given, **fields.from_options(wishes.fields, declared)},
        ask=ask,
    )
    app = {field.name: values[field.name] for field in auth.fields if field.name in values}
    credential, settings = connecting.from_fields(wanted.name, auth.name, app)
    if pasted:
        tokens = {field.name: values[field.name] for field in pasted if values.get(field.name)}
        return credential.with_values(**tokens), settings
    if isinstance(auth, OAuth2):
        return _consent(place, wanted, auth, name, credential, settings, wishes), settings
    return credential, settings


def _consent(
    place: Workspace, wanted: Connector, auth: OAuth2, name: str, app: Credential, settings: Settings, wishes: Wishes
) -> Credential:
    from console.loopback import callback
    from tasks import connecting

    with callback(wishes.callback_port) as back:
        consent = connecting.begin_consent(wanted.name, auth.name, app, back.redirect_uri)
        address = browser_address(consent.url, os.environ.get(_SANDBOX, ""))
        note(f"{wanted.title} must know this redirect address of your app: {back.redirect_uri}")
        note("Let the app in on this page:")
        note(f"  {address}")
        if wishes.browser:
            _open(address)
        note("Waiting for your answer there (Ctrl-C gives up) …")
        answer = back.wait(consent.state)
    return connecting.finish_consent(place, consent, settings, code=answer.code, state=answer.state, name=name)


def browser_address(url: str, sandbox: str) -> str:
    """Where a browser finds the consent page; the sandbox has every host below `/_host/`."""
    if not sandbox:
        return url
    parts = urlsplit(url)
    return f"{sandbox.rstrip('/')}/_host/{parts.netloc}{parts.path}?{parts.query}"


def _open(address: str) -> None:
    import webbrowser

    try:
        opened = webbrowser.open(address)
    except webbrowser.Error:
        opened = False
    if not opened:
        note("No browser could be opened: open the page yourself.")


def _tell_proven(wanted: Connector, auth: Auth, proven: Proven) -> None:
    granted = set(proven.credential.scopes)
    note(f"✓ {wanted.title} accepts it{f': {proven.account}' if proven.account else ''}.")
    readable = wanted.streams_for(auth.name)
    missing = {stream.name: [scope for scope in stream.scopes if scope not in granted] for stream in readable}
    if not granted:
        missing = {}
        asked = {scope for stream in readable for scope in stream.scopes}
        if asked:
            note("  The platform does not say which rights it grants; what is needed: " + ", ".join(sorted(asked)))
    can = [stream.name for stream in readable if not missing.get(stream.name)]
    note(f"  Readable: {', '.join(can) or 'nothing'}.")
    for stream, scopes in missing.items():
        if scopes:
            note(f"  ! {stream} needs rights that were not granted: {', '.join(scopes)}")
    beyond = sorted({stream.name for stream in wanted.streams} - {stream.name for stream in readable})
    if beyond:
        note(f"  Not with this way to authenticate: {', '.join(beyond)}.")


def _seal(place: Workspace, platform: str, name: str, proven: Proven, minutes: int | None) -> Integration:
    from console.prefect_server import import_vault, tell_schedules, use_server
    from tasks import connecting

    ensure_keyring(place.home.keyring_file)
    with use_server(place.home, meanwhile=import_vault) as server:
        integration = connecting.connect(place, platform, name, proven, **_schedule(minutes))
        if minutes is not None and integration.schedule_minutes != minutes:
            integration = place.scope.update_integration(name, schedule_minutes=minutes)
        tell_schedules(place, server)
    return integration


def _schedule(minutes: int | None) -> dict[str, int]:
    return {} if minutes is None else {"schedule_minutes": minutes}


def ensure_keyring(path: Path) -> None:
    """Makes the keyring where there is none, and says that it must be kept apart."""
    from storage.keyring import SECRETS_VARIABLE, create_keyring

    if path.exists() or os.environ.get(SECRETS_VARIABLE):
        return
    create_keyring(path)
    note(f"Made a keyring: {path}")
    note("  Whoever has it can open your credentials; without it nobody can. Back it up, apart from the databases.")


def _look_at_name(place: Workspace, platform: str, name: str) -> None:
    """Before anything is asked: whether the name will do. Raises UsageError."""
    from storage.state.integrations import NAME

    if not NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} is no name for an integration",
            advice="Use small letters, digits, hyphens and underscores, at most 63: --name",
        )
    for integration in place.scope.integrations():
        if integration.name == name and integration.platform != platform:
            raise UsageError(
                f"{name} is already an integration of {integration.platform}",
                advice="Give this one another name: --name",
            )
        if integration.name == name:
            note(f"{name} is connected already ({integration.account_label}): it gets a new credential.")


def _tell_next(integration: Integration) -> None:
    when = every(integration.schedule_minutes)
    note(f"✓ Connected as {integration.name}; its credential is sealed. Syncs: {when}.")
    sys.stderr.write(
        f"\n  Sync it now:         integrations sync {integration.name}\n"
        f"  Keep all in sync:    integrations up\n"
        f"  See what came:       integrations ask\n"
    )
