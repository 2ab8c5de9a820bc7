"""What a reply that is not good is to the person: the error of each disposition, with its sentence and advice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from connectors.sdk.base import Connector
from connectors.sdk.credential import Credential
from core.classify import Disposition, Verdict
from core.errors import (
    CredentialRejected,
    IntegrationError,
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
_MESSAGES: Final = ("error/message", "message", "detail", "error_summary", "error_description", "title")
_LONGEST_MESSAGE: Final = 300


def failure(
    connector: Connector,
    integration: str,
    request: Request,
    response: Response,
    verdict: Verdict,
    credential: Credential | None = None,
) -> IntegrationError:
    """The error that a reply stands for. Where the platform repeats a value of the credential, it is taken out."""
    kind, what, advice = _KINDS[verdict.disposition]
    if verdict.rule is not None and verdict.rule.advice:
        advice = verdict.rule.advice
    said = platform_message(response)
    for name, value in (credential.reveal() if credential else {}).items():
        said = said.replace(value, f"<{name}>") if value else said
    sentence = f"{integration}: {connector.title} {what} ({response.status} at {request.method} {request.path})" + (
        f": {said}" if said else ""
    )
    return kind(sentence, advice=advice.format(platform=connector.name, name=integration))


def platform_message(response: Response) -> str:
    """The platform's own sentence about an error, shortened; empty where it gave none."""
    for path in _MESSAGES:
        found = response.get(path)
        if isinstance(found, str) and found.strip():
            return " ".join(found.split())[:_LONGEST_MESSAGE]
    return ""
