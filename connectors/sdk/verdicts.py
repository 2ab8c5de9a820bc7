"""What a reply that is not good is to the person: the error of each disposition, with its sentence and advice."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final
from urllib.parse import quote

from connectors.sdk.base import Connector
from connectors.sdk.credential import Credential
from core.classify import Disposition, Verdict, values_at
from core.errors import (
    CircuitOpen,
    ComeBackLater,
    CredentialRejected,
    IntegrationError,
    PlatformUnavailable,
    QuotaExhausted,
    RequestRefused,
    ScopeMissing,
    Skipped,
    StateReset,
)
from core.http import Request, Response

_KINDS: Final[Mapping[Disposition, tuple[type[IntegrationError], str, str]]] = {
    Disposition.REFRESH_TOKEN: (
        CredentialRejected,
        "refused the credential",
        "It expired or was revoked. Connect the integration again: integrations connect {platform} --name {name}",
    ),
    Disposition.CREDENTIAL_REJECTED: (
        CredentialRejected,
        "refused the credential",
        "Connect the integration again: integrations connect {platform} --name {name}",
    ),
    Disposition.SCOPE_MISSING: (
        ScopeMissing,
        "says that the credential lacks a right",
        "Grant the right at the platform, then connect again: integrations connect {platform} --name {name}",
    ),
    Disposition.QUOTA_EXHAUSTED: (
        QuotaExhausted,
        "says that a quota or balance is used up",
        "Look at plan and billing at the platform. The sync stops until then, and goes on from where it was.",
    ),
    Disposition.RESET_STATE: (
        StateReset,
        "no longer knows where we were",
        "The stream is read from its beginning again.",
    ),
    Disposition.SKIP: (Skipped, "has nothing for this", ""),
    Disposition.FAIL: (
        RequestRefused,
        "refused the request",
        "If it stays so, the platform or the connector has changed: run with --debug and report it.",
    ),
}
# Where vendors put the sentence about an error. Values of requests do not belong to us to repeat, so only these.
_MESSAGES: Final = (
    "error/message",
    "message",
    "detail",
    "error_summary",
    "error_description",
    "title",
    "error",
    "*/message",
)
_LONGEST_MESSAGE: Final = 300
_SHORTEST_SECRET: Final = 4
_PUBLIC: Final = ("grant_type", "redirect_uri", "client_id", "scope")
_BEARING: Final = ("authorization", "x-api-key", "api-key")
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


def failure(
    connector: Connector,
    integration: str,
    request: Request,
    response: Response,
    verdict: Verdict,
    credential: Credential | None = None,
) -> IntegrationError:
    """The error that a reply stands for. Where the platform repeats a secret that it was sent, it is taken out."""
    kind, what, advice = _KINDS[verdict.disposition]
    if verdict.rule is not None and verdict.rule.advice:
        advice = verdict.rule.advice
    said = platform_message(response, _sent_secrets(connector, request, credential))
    sentence = f"{integration}: {connector.title} {what} ({response.status} at {request.method} {request.path})" + (
        f": {said}" if said else ""
    )
    return kind(sentence, advice=advice.format(platform=connector.name, name=integration))


def later(integration: str, when: float, why: str) -> ComeBackLater:
    """A wait that is too long to sleep through. `when` is in seconds since 1970."""
    at = datetime.fromtimestamp(when, UTC)
    return ComeBackLater(
        f"{integration}: {why}; it goes on from {at:%Y-%m-%d %H:%M} UTC",
        at=at,
        advice="Nothing is lost: the sync continues from where it stopped.",
    )


def held_back(connector: Connector, integration: str, until: float) -> CircuitOpen:
    """The circuit breaker is open until then (seconds since 1970)."""
    at = datetime.fromtimestamp(until, UTC)
    return CircuitOpen(
        f"{integration}: calls are held back until {at:%Y-%m-%d %H:%M} UTC, because {connector.title} kept failing",
        at=at,
        advice="It is tried again by itself then; `integrations check` shows whether it is back.",
    )


def gave_up(connector: Connector, integration: str, request: Request, attempts: int, cause: str) -> PlatformUnavailable:
    """Retries ran out, or there must be none."""
    times = f"{attempts} times" if attempts > 1 else "once"
    return PlatformUnavailable(
        f"{integration}: {connector.title} failed {times} at {request.method} {request.path}: {cause}",
        advice="Usually it passes: the next scheduled run continues from where this one stopped."
        if request.repeatable
        else "It may have been carried out all the same: it is looked at before it is tried again.",
    )


def platform_message(response: Response, secrets: Mapping[str, str] = _NOTHING) -> str:
    """The platform's own sentence about an error, shortened, its secrets named instead; empty where it gave none."""
    for found in (value for path in _MESSAGES for value in values_at(response, path)):
        if isinstance(found, str) and found.strip():
            # Before it is shortened, or the beginning of a secret at the cut would stay.
            return " ".join(_without(found, secrets).split())[:_LONGEST_MESSAGE]
    return ""


def _sent_secrets(connector: Connector, request: Request, credential: Credential | None) -> dict[str, str]:
    """Whatever secret a request carried, by name: of the credential, its header, and what token endpoints are given."""
    asked = {} if request.authorized else {name: str(value) for name, value in request.params.items()}
    secrets = {name: value for name, value in {**asked, **(request.form or {})}.items() if name not in _PUBLIC}
    headers = dict(request.headers)
    if credential is not None:
        secrets |= credential.reveal()
        headers |= connector.method(credential.method).authorize(credential.reveal(), request)
    for name, value in headers.items():
        if name.lower() in _BEARING:
            secrets[name.lower()] = shown = value.rpartition(" ")[2]
            if value.startswith("Basic "):
                secrets["password"] = base64.b64decode(shown).decode(errors="replace").partition(":")[2]
    return secrets


def _without(text: str, secrets: Mapping[str, str]) -> str:
    for name, value in sorted(secrets.items(), key=lambda item: -len(item[1])):
        if len(value) >= _SHORTEST_SECRET:
            text = text.replace(value, f"<{name}>").replace(quote(value, safe=""), f"<{name}>")
    return text
