"""Scans integrations, and the installation itself, for weaknesses. Gathers facts; `core.security` judges them."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from connectors.catalog import connector
from connectors.sdk.auth import ApiKey, OAuth2, TokenGrant
from connectors.sdk.base import Connector
from connectors.sdk.oauth2 import refreshable
from core.errors import SealBroken, UsageError
from core.security import (
    EXPIRES_SOON_DAYS,
    Finding,
    InstallationFacts,
    IntegrationFacts,
    PathFacts,
    findings_of,
)
from storage.keyring import load_keyring
from storage.state.models import Integration
from storage.warehouse.drain import drain
from storage.warehouse.metrics import FINDINGS
from tasks.metrics import land_metrics
from tasks.workspace import Workspace

_ADDRESS_VARIABLES: Final = ("PREFECT_API_URL",)


def scan(workspace: Workspace, name: str, *, run: str, now: datetime | None = None) -> list[Finding]:
    """What is weak about one integration, the gravest first; saved as its findings and landed as history.

    The credential is opened only where it is about to expire and nothing else tells whether it renews itself.
    Raises UsageError where there is no such integration.
    """
    integration = workspace.scope.integration(name)
    at = now or workspace.clock()
    found = findings_of(_facts(workspace, integration, at))
    _keep(workspace, integration, found, run, at)
    return found


def scan_installation(
    workspace: Workspace, *, run: str, now: datetime | None = None, environment: Mapping[str, str] = os.environ
) -> list[Finding]:
    """What is weak about this installation: who may read its files, and where it sends things in clear."""
    at = now or workspace.clock()
    home = workspace.home
    places = (
        ("home", home.folder, False),
        ("keyring", home.keyring_file, True),
        ("landing", home.landing, False),
        ("state", home.state_db, False),
        ("warehouse", home.warehouse_file, False),
    )
    paths = tuple(_path_facts(role, path, secret) for role, path, secret in places if path.exists())
    urls = {name: environment[name] for name in _ADDRESS_VARIABLES if environment.get(name)}
    found = findings_of(InstallationFacts(paths=paths, urls=urls))
    _keep(workspace, None, found, run, at)
    return found


def _facts(workspace: Workspace, integration: Integration, at: datetime) -> IntegrationFacts:
    platform = connector(integration.platform)
    method = platform.method(integration.auth_method)
    rounds, seal_broken = _seal(workspace, integration)
    renews: bool | None = isinstance(method, TokenGrant)
    if isinstance(method, OAuth2):
        renews, broken = _renews(workspace, integration, at)
        seal_broken = seal_broken or broken
    return IntegrationFacts(
        name=integration.name,
        platform=platform.name,
        title=platform.title,
        today=at,
        granted=frozenset(integration.scopes),
        needed={s.name: s.scopes for s in platform.streams_for(method.name) if s.scopes},
        asked=frozenset() if isinstance(method, ApiKey) else frozenset(method.scopes),
        static=not isinstance(method, OAuth2),
        renews=renews,
        sealed_at=integration.credential_sealed_at,
        expires_at=integration.credential_expires_at,
        key_version=integration.key_version,
        current_key_version=_current_key_version(workspace),
        rounds=rounds,
        seal_broken=seal_broken,
        urls=_urls(platform, integration),
        version=platform.version.name if platform.version else "",
        version_ends=platform.version.ends if platform.version else None,
    )


def _current_key_version(workspace: Workspace) -> int | None:
    try:
        return load_keyring(workspace.home.keyring_file).current
    except UsageError:
        return None  # the health check says why nothing opens


def _seal(workspace: Workspace, integration: Integration) -> tuple[int | None, bool]:
    """The rounds of key derivation that the envelope tells, and whether there is no envelope to be read."""
    try:
        return workspace.vault.load_envelope(integration.name).rounds, False
    except SealBroken:
        return None, True
    except UsageError:
        return None, False


def _renews(workspace: Workspace, integration: Integration, at: datetime) -> tuple[bool | None, bool]:
    """Whether an OAuth credential has a refresh token, where that matters; and whether it does not open."""
    expires = integration.credential_expires_at
    if expires is None or expires - at > timedelta(days=EXPIRES_SOON_DAYS):
        return None, False
    try:
        opened = workspace.vault.get(integration.name, integration.platform)
        return refreshable(connector(integration.platform).method(opened.method), opened), False
    except SealBroken:
        return None, True
    except UsageError:
        return None, False


def _urls(platform: Connector, integration: Integration) -> dict[str, str]:
    """The addresses that people gave or discovery learnt, and the platform's own."""
    learnt = {name: value for name, value in integration.settings.items() if isinstance(value, str) and "://" in value}
    return {"base_url": platform.base_url, **learnt}


def _path_facts(role: str, path: Path, secret: bool) -> PathFacts:
    mode = path.stat().st_mode
    return PathFacts(role=role, path=str(path), mode=stat.S_IMODE(mode), folder=stat.S_ISDIR(mode), secret=secret)


def _keep(
    workspace: Workspace, integration: Integration | None, found: Iterable[Finding], run: str, at: datetime
) -> None:
    found = list(found)
    workspace.scope.save_findings(integration.name if integration else None, found, at)
    land_metrics(workspace, FINDINGS, [_row(integration, finding, run, at) for finding in found], run=run, at=at)
    drain(workspace.warehouse, workspace.landing, now=at)


def _row(integration: Integration | None, finding: Finding, run: str, at: datetime) -> dict[str, Any]:
    return {
        "at": at,
        "integration": integration.name if integration else None,
        "platform": integration.platform if integration else None,
        "rule": finding.rule,
        "severity": finding.severity,
        "title": finding.title,
        "detail": finding.detail,
        "remedy": finding.remedy,
        "run": run,
    }
