"""Connecting a platform: prove the credential, learn who one is, seal it, write the integration down."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Final

from connectors.catalog import connector
from connectors.sdk.auth import ApiKey, OAuth2, Settings, TokenGrant
from connectors.sdk.base import Connector
from connectors.sdk.client import Client, Surroundings
from connectors.sdk.credential import Credential
from connectors.sdk.oauth2 import (
    code_request,
    consent_url,
    granted,
    new_verifier,
    obtain,
    refresh_due,
    refresh_request,
)
from core.errors import CredentialError, PlatformError, UsageError
from core.http import JSON
from core.secrets import Secret
from storage.audit import audit
from storage.state.models import Integration
from storage.warehouse.forgetting import reset_state
from tasks.credentials import save_credential
from tasks.engine import LEASE_SECONDS, sync_lease
from tasks.workspace import Workspace

DEFAULT_SCHEDULE_MINUTES: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """A credential that the platform accepted, and the settings learnt (among them `account`, who one is)."""

    credential: Credential
    settings: Settings

    @property
    def account(self) -> str:
        return str(self.settings.get("account", ""))


def from_fields(platform: str, method: str, given: Mapping[str, str]) -> tuple[Credential, dict[str, JSON]]:
    """A credential of what a person gave, and the settings that are no secret.

    Raises CredentialMalformed before anything is sent, UsageError where a field is missing or unknown.
    """
    auth = connector(platform).method(method)
    known = {field.name: field for field in auth.fields}
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise UsageError(f"{auth.title} has no field {', '.join(unknown)}", advice=f"It has: {', '.join(known)}.")
    missing = [f.title for f in auth.fields if not (f.optional or f.default or given.get(f.name))]
    if missing:
        raise UsageError(f"{auth.title} also needs: {', '.join(missing)}")
    values = {name: field.check(given.get(name, "")) for name, field in known.items()}
    values = {name: value for name, value in values.items() if value}
    credential = Credential(
        method=method, values={name: Secret(value, name) for name, value in values.items() if known[name].secret}
    )
    if not isinstance(auth, ApiKey):
        # The client id is no secret, but the token endpoint needs it beside the secret.
        credential = credential.with_values(**values)
    settings: dict[str, JSON] = {name: value for name, value in values.items() if not known[name].secret}
    return credential, settings


def prove(
    platform: str, credential: Credential, settings: Settings, *, name: str, surroundings: Surroundings | None = None
) -> Proven:
    """Asks the platform who the credential belongs to. Raises CredentialError or PlatformError as it answers."""
    wanted = connector(platform)
    auth, world = wanted.method(credential.method), surroundings or Surroundings()
    now = datetime.fromtimestamp(world.clock(), UTC)
    if isinstance(auth, TokenGrant) and refresh_due(auth, credential, now):
        with Client(wanted, name, None, settings=settings, surroundings=world) as client:
            reply = client.send(refresh_request(auth, credential, settings, now), purpose="token")
        credential = granted(auth, reply, credential, settings, now)
    plain = {key: value for key, value in settings.items() if isinstance(value, str)}
    known = {**settings, **auth.learn({**plain, **credential.reveal()})}
    *others, last = wanted.guesses(known)
    for guess in others:
        try:
            return _proved(wanted, name, credential, {**known, **guess}, world)
        except PlatformError:
            continue  # it may be meant in another way
    return _proved(wanted, name, credential, {**known, **last}, world)


def _proved(
    wanted: Connector, name: str, credential: Credential, known: dict[str, JSON], world: Surroundings
) -> Proven:
    with Client(wanted, name, credential, settings=known, surroundings=world) as client:
        return _identified(wanted, credential, known, client)


def _identified(wanted: Connector, credential: Credential, known: dict[str, JSON], client: Client) -> Proven:
    replies = [client.send(wanted.probe(credential.method, known), purpose="probe")]
    known |= wanted.discover(replies[0])
    for request in wanted.details(credential.method, known):
        try:
            replies.append(client.send(request, purpose="probe"))
        except (CredentialError, PlatformError):
            continue  # it proves nothing either way: the probe was accepted
        known |= wanted.discover(replies[-1])
    told = {scope for reply in replies for scope in wanted.granted(reply)}
    return Proven(credential=replace(credential, scopes=tuple(sorted(told))) if told else credential, settings=known)


def connect(
    workspace: Workspace,
    platform: str,
    name: str,
    proven: Proven,
    *,
    schedule_minutes: int = DEFAULT_SCHEDULE_MINUTES,
) -> Integration:
    """Writes the integration down and seals its credential; one of that name gets the new credential.

    Where that belongs to another account, its streams begin again: what they remember is of the other one. Raises
    UsageError where the name belongs to another platform, Busy where a sync of it runs just then.
    """
    existing = {integration.name: integration for integration in workspace.scope.integrations()}
    if name not in existing:
        workspace.scope.add_integration(
            name=name,
            platform=platform,
            auth_method=proven.credential.method,
            settings=proven.settings,
            account_label=proven.account,
            schedule_minutes=schedule_minutes,
        )
    elif existing[name].platform != platform:
        raise UsageError(
            f"{name} is already an integration of {existing[name].platform}",
            advice="Give this one another name: --name",
        )
    elif existing[name].account_label != proven.account:
        _forget_states(workspace, name)
    try:
        save_credential(workspace, name, platform, proven.credential)
    except BaseException:
        if name not in existing:
            workspace.scope.remove_integration(name)  # without its credential it would be a shell
        raise
    audit(workspace.scope, "connected", name, account=proven.account)
    return workspace.scope.update_integration(
        name, settings=dict(proven.settings), account_label=proven.account, status="active"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """An attempt at the authorization code grant: where to send the person, and what to check when they return."""

    platform: str
    method: str
    url: str
    redirect_uri: str
    state: str
    verifier: Secret
    app: Credential


def begin_consent(platform: str, method: str, app: Credential, redirect_uri: str) -> Consent:
    """The consent page's address for an app's client id (and secret). `state` ties the answer to this attempt."""
    auth = connector(platform).method(method)
    assert isinstance(auth, OAuth2)
    state, verifier = secrets.token_urlsafe(24), new_verifier(secrets.token_bytes)
    url = consent_url(auth, app.reveal(), redirect_uri=redirect_uri, state=state, verifier=verifier)
    return Consent(
        platform=platform,
        method=method,
        url=url,
        redirect_uri=redirect_uri,
        state=state,
        verifier=Secret(verifier, "code verifier"),
        app=app,
    )


def finish_consent(
    workspace: Workspace, consent: Consent, settings: Settings, *, code: str, state: str, name: str
) -> Credential:
    """The credential for the code that came back. Raises UsageError where the state is not this attempt's."""
    if not secrets.compare_digest(state, consent.state):
        raise UsageError(
            "the answer of the consent page does not belong to this attempt", advice="Begin again: integrations connect"
        )
    platform = connector(consent.platform)
    auth = platform.method(consent.method)
    assert isinstance(auth, OAuth2)
    request = code_request(
        auth, consent.app.reveal(), code=code, redirect_uri=consent.redirect_uri, verifier=consent.verifier.reveal()
    )
    with Client(platform, name, None, settings=settings, surroundings=workspace.surroundings) as client:
        send = partial(client.send, purpose="token")
        return obtain(auth, consent.app, request, send, settings, workspace.clock())


def remove(workspace: Workspace, name: str) -> None:
    """Forgets the integration and its credential. What was synced stays in the warehouse.

    Raises Busy where a sync of it runs just then.
    """
    integration = workspace.scope.integration(name)
    _forget_states(workspace, name)
    workspace.vault.remove(integration.name)
    workspace.scope.remove_integration(name)
    audit(workspace.scope, "removed", name)


def _forget_states(workspace: Workspace, name: str) -> None:
    """Whoever is connected under this name next begins to read from nothing."""
    with workspace.leases.held(sync_lease(name), ttl=LEASE_SECONDS):
        reset_state(workspace.warehouse, workspace.landing, name, now=workspace.clock(), owner=workspace.owner)
