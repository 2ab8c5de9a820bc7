"""Opening a credential, and keeping it fresh: one refresh at a time, saved before it is used."""

from __future__ import annotations

from typing import Final

from connectors.catalog import connector
from connectors.sdk.auth import ApiKey
from connectors.sdk.client import Client
from connectors.sdk.credential import Credential
from connectors.sdk.oauth2 import granted, refresh_due, refresh_request
from core.errors import Busy, CredentialRejected, LeaseTaken
from storage.audit import audit
from storage.state.models import Integration
from tasks.workspace import Workspace

REFRESH_LEASE_SECONDS: Final = 60.0
_WAIT_SECONDS: Final = 45.0


def open_credential(workspace: Workspace, integration: Integration) -> Credential:
    """The integration's credential in clear, refreshed where it is about to expire.

    Raises SealBroken, or CredentialRejected where the platform no longer accepts the refresh token.
    """
    credential = workspace.vault.get(integration.name, integration.platform)
    if _is_due(workspace, integration, credential):
        return refresh(workspace, integration, credential)
    return credential


def refresh_if_due(workspace: Workspace, integration: Integration) -> bool:
    """Refreshes the integration's token where it is about to expire; whether it was. Raises as `open_credential`."""
    if integration.credential_expires_at is None:
        return False  # known without opening it
    credential = workspace.vault.get(integration.name, integration.platform)
    if not _is_due(workspace, integration, credential):
        return False
    refresh(workspace, integration, credential)
    return True


def _is_due(workspace: Workspace, integration: Integration, credential: Credential) -> bool:
    return refresh_due(connector(integration.platform).method(credential.method), credential, workspace.clock())


def refresh(workspace: Workspace, integration: Integration, stale: Credential) -> Credential:
    """A newer credential than `stale`: what another process has just saved, or what the platform gives now.

    One process refreshes at a time, because a rotated refresh token works once. The new pair is saved before it
    is returned, so that a crash in between loses nothing.
    """
    try:
        with workspace.leases.held(refresh_lease(integration), ttl=REFRESH_LEASE_SECONDS, wait=_WAIT_SECONDS):
            saved = workspace.vault.get(integration.name, integration.platform)
            if saved.values.get("access_token") != stale.values.get("access_token"):
                return saved
            return _ask_for_new(workspace, integration, saved)
    except LeaseTaken as taken:
        raise Busy(
            f"{integration.name}: another process has been refreshing its token for {_WAIT_SECONDS:.0f} seconds",
            at=workspace.clock(),
            advice="Run it again in a minute.",
        ) from taken


def refresh_lease(integration: Integration) -> str:
    """The lease of whoever replaces the credential of an integration."""
    return f"refresh:{integration.id}"


def _ask_for_new(workspace: Workspace, integration: Integration, credential: Credential) -> Credential:
    platform = connector(integration.platform)
    method = platform.method(credential.method)
    assert not isinstance(method, ApiKey)
    settings, now = integration.settings, workspace.clock()
    with Client(platform, integration.name, None, settings=settings, surroundings=workspace.surroundings) as client:
        try:
            response = client.send(refresh_request(method, credential, settings, now), purpose="token")
        except CredentialRejected as error:
            workspace.scope.update_integration(integration.name, status="attention", status_reason=str(error))
            audit(workspace.scope, "refresh refused", integration.name)
            raise
    fresh = granted(method, response, credential, settings, now)
    learnt = method.learn(fresh.reveal())
    if learnt:
        workspace.scope.update_integration(integration.name, settings={**settings, **learnt})
    save_credential(workspace, integration.name, integration.platform, fresh, action="refreshed")
    return fresh


def save_credential(
    workspace: Workspace, name: str, platform: str, credential: Credential, *, action: str = "sealed"
) -> None:
    """Seals the credential into its block and writes down what may be known of it."""
    envelope = workspace.vault.put(name, platform, credential)
    workspace.scope.update_integration(
        name,
        block_name=workspace.block_name(name),
        credential_sealed_at=workspace.clock(),
        credential_expires_at=credential.expires_at,
        key_version=envelope.key_version,
        scopes=list(credential.scopes),
        auth_method=credential.method,
    )
    audit(workspace.scope, action, name, key_version=envelope.key_version)
