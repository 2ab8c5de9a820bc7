"""Rules of security: what is weak about an integration or about the installation, and what to do about it.

A rule is a function from facts to findings; the tuples at the end of each part are all there are. Facts hold no
secret, so no finding can. A rule finds one thing of an integration at most, and tells all of it in `detail`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Final, Literal, TypeAlias
from urllib.parse import urlsplit

from core.sealing import DEFAULT_ROUNDS

Severity: TypeAlias = Literal["critical", "high", "medium", "low", "info"]
SEVERITIES: Final[tuple[Severity, ...]] = ("critical", "high", "medium", "low", "info")

OLD_CREDENTIAL_DAYS: Final = 90
VERY_OLD_CREDENTIAL_DAYS: Final = 180
EXPIRES_SOON_DAYS: Final = 7
SUNSET_DAYS: Final = 90
SUNSET_SOON_DAYS: Final = 30

_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_WRITES: Final = re.compile(
    r"(?:^|[^a-z])(write|readwrite|manage|modify|edit|create|update|delete|publish|send|admin|full)(?![a-z])"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something to be put right: `detail` says what was seen (never a secret), `remedy` what to do."""

    rule: str
    severity: Severity
    title: str
    detail: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationFacts:
    """What is known of an integration without opening its credential.

    `granted`: the scopes that the platform said it granted; none where it does not say. `needed`: by stream, the
    scopes that it needs. `asked`: those that the connector asks for whatever the streams. `renews`: the credential is
    replaced by itself (OAuth with refresh); None where that is not known. `seal_broken`: it does not open.
    `urls`: addresses by the name of the setting that holds them. None stands for what is not known.
    """

    name: str
    platform: str
    title: str
    today: datetime
    granted: frozenset[str] = frozenset()
    needed: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    asked: frozenset[str] = frozenset()
    static: bool = True
    renews: bool | None = False
    sealed_at: datetime | None = None
    expires_at: datetime | None = None
    key_version: int | None = None
    current_key_version: int | None = None
    rounds: int | None = None
    seal_broken: bool = False
    urls: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    version: str = ""
    version_ends: date | None = None

    @property
    def reconnect(self) -> str:
        return f"integrations connect {self.platform} --name {self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PathFacts:
    """A file or folder of the installation: `mode` are its permission bits, `secret` whether secrets stand in it."""

    role: str
    path: str
    mode: int
    folder: bool = False
    secret: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallationFacts:
    """What is known of the installation. `urls`: addresses by the variable that holds them."""

    paths: tuple[PathFacts, ...] = ()
    urls: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def missing_scopes(facts: IntegrationFacts) -> Iterable[Finding]:
    """A stream that lacks a scope fails at each sync. RFC 6749, 3.3: the server tells the scopes it granted."""
    lacking = {s: sorted(set(scopes) - facts.granted) for s, scopes in facts.needed.items() if facts.granted}
    lacking = {stream: scopes for stream, scopes in lacking.items() if scopes}
    if lacking:
        scopes = sorted({scope for scopes in lacking.values() for scope in scopes})
        yield Finding(
            rule="scopes.missing",
            severity="medium",
            title="Rights are missing",
            detail=f"{', '.join(sorted(lacking))} cannot be read without {', '.join(scopes)}.",
            remedy=f"Grant them at {facts.title}, then connect again: {facts.reconnect}",
        )


def unneeded_scopes(facts: IntegrationFacts) -> Iterable[Finding]:
    """Least privilege: what is not granted cannot be misused. OWASP OAuth 2.0 Cheat Sheet, "Access Token Privilege
    Restriction"; RFC 9700, 2.3."""
    used = facts.asked.union(*facts.needed.values())
    spare = _spare(facts, used, writes=False)
    if spare:
        yield Finding(
            rule="scopes.unneeded",
            severity="low",
            title="More rights than needed",
            detail=f"Nothing here needs {', '.join(spare)}.",
            remedy=f"Take them away at {facts.title} where that is possible.",
        )


def unneeded_write_scopes(facts: IntegrationFacts) -> Iterable[Finding]:
    """As above, and graver: whoever gets hold of the credential could change or delete data. RFC 9700, 2.3."""
    used = facts.asked.union(*facts.needed.values())
    spare = _spare(facts, used, writes=True)
    if spare:
        yield Finding(
            rule="scopes.unneeded_write",
            severity="medium",
            title="Rights to write that nothing uses",
            detail=f"The integration only reads, and was granted {', '.join(spare)}.",
            remedy=f"Connect with a credential that can only read: {facts.reconnect}",
        )


def _spare(facts: IntegrationFacts, used: frozenset[str], *, writes: bool) -> list[str]:
    return sorted(scope for scope in facts.granted - used if bool(_WRITES.search(scope.lower())) is writes)


def credential_age(facts: IntegrationFacts) -> Iterable[Finding]:
    """Static keys should be replaced every 90 days. CIS AWS Foundations Benchmark, "Ensure access keys are rotated
    every 90 days or less"; OWASP Secrets Management Cheat Sheet, "Rotation". Tokens that renew themselves are young.
    """
    if not facts.static or facts.sealed_at is None:
        return
    days = (facts.today - facts.sealed_at).days
    if days >= OLD_CREDENTIAL_DAYS:
        yield Finding(
            rule="credential.age",
            severity="high" if days >= VERY_OLD_CREDENTIAL_DAYS else "medium",
            title="Old credential",
            detail=f"The credential has been in use for {days} days; {OLD_CREDENTIAL_DAYS} are recommended.",
            remedy=f"Make a new one at {facts.title}, connect with it ({facts.reconnect}), then revoke the old one.",
        )


def credential_expiry(facts: IntegrationFacts) -> Iterable[Finding]:
    """A credential that ends and does not renew itself must be replaced by a person. RFC 6749, 5.1, `expires_in`."""
    if facts.expires_at is None or facts.renews is not False:
        return
    left = facts.expires_at - facts.today
    if left <= timedelta(days=EXPIRES_SOON_DAYS):
        gone = left <= timedelta(0)
        yield Finding(
            rule="credential.expiry",
            severity="high" if gone else "medium",
            title="The credential has expired" if gone else "The credential expires soon",
            detail=f"It {'ended' if gone else 'ends'} on {facts.expires_at:%Y-%m-%d} and does not renew itself.",
            remedy=f"Connect again: {facts.reconnect}",
        )


def old_key_version(facts: IntegrationFacts) -> Iterable[Finding]:
    """After a key is replaced, what it protects is moved to the new one. NIST SP 800-57 Part 1 Rev. 5, 5.3."""
    sealed, current = facts.key_version, facts.current_key_version
    if sealed is not None and current is not None and sealed < current:
        yield Finding(
            rule="seal.key_version",
            severity="medium",
            title="Sealed with an old key",
            detail=f"The credential is sealed with app secret {sealed}; {current} is the current one.",
            remedy="Re-seal what is left: integrations keys rotate",
        )


def few_rounds(facts: IntegrationFacts) -> Iterable[Finding]:
    """PBKDF2-HMAC-SHA256 takes 600,000 rounds. OWASP Password Storage Cheat Sheet, "PBKDF2"."""
    if facts.rounds is not None and facts.rounds < DEFAULT_ROUNDS:
        yield Finding(
            rule="seal.rounds",
            severity="medium",
            title="The key is derived in too few rounds",
            detail=f"The credential's key is derived in {facts.rounds:,} rounds; {DEFAULT_ROUNDS:,} are recommended.",
            remedy="Re-seal it with the recommended count: integrations keys rotate",
        )


def broken_seal(facts: IntegrationFacts) -> Iterable[Finding]:
    """AES-GCM opens nothing that was altered (NIST SP 800-38D, 7.2), so this may be an attack or a lost key."""
    if facts.seal_broken:
        yield Finding(
            rule="seal.broken",
            severity="high",
            title="The sealed credential does not open",
            detail="It was altered or moved, its block is gone, or the keyring is not the one that sealed it.",
            remedy=f"Check the keyring and who may write to Prefect's database, then connect again: {facts.reconnect}",
        )


def plain_http(facts: IntegrationFacts | InstallationFacts) -> Iterable[Finding]:
    """Credentials travel over TLS only. RFC 6750, 5.3; OWASP Transport Layer Security Cheat Sheet. This machine's
    own address is excepted."""
    plain = sorted(name for name, url in facts.urls.items() if _is_plain(url))
    if plain:
        yield Finding(
            rule="transport.plain_http",
            severity="high",
            title="An address without encryption",
            detail=f"{', '.join(plain)}: the address begins with http://, so what is sent can be read on the way.",
            remedy="Use the https:// address.",
        )


def _is_plain(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme.lower() == "http" and parts.hostname not in _LOOPBACK
    except ValueError:
        return url.lower().startswith("http:")


def version_sunset(facts: IntegrationFacts) -> Iterable[Finding]:
    """A version that its vendor has switched off gets no answers, and no security fixes before that. The date is the
    vendor's, as the connector tells it."""
    if facts.version_ends is None:
        return
    days = (facts.version_ends - facts.today.date()).days
    if days <= SUNSET_DAYS:
        ends = f"{'ended' if days < 0 else 'ends'} on {facts.version_ends:%Y-%m-%d}"
        yield Finding(
            rule="platform.sunset",
            severity="high" if days <= SUNSET_SOON_DAYS else "medium",
            title="The platform's version is ending" if days >= 0 else "The platform's version has ended",
            detail=f"The connector uses version {facts.version} of {facts.title}, which {ends}.",
            remedy="Upgrade this installation to a release with a newer version of the connector.",
        )


def open_permissions(facts: InstallationFacts) -> Iterable[Finding]:
    """What holds secrets or data is for its owner alone. CWE-732; OpenSSH's StrictModes asks the same of its keys."""
    for path in facts.paths:
        bits = path.mode & 0o077
        if not bits:
            continue
        by = "everybody on this machine" if bits & 0o007 else "the file's group"
        # Folders give names away by reading, and what is inside by entering.
        verbs = [verb for verb, mask in (("read", 0o044), ("changed", 0o022), ("entered", 0o011)) if bits & mask]
        if not path.folder:
            verbs = [verb for verb in verbs if verb != "entered"] or ["run"]
        wanted = 0o700 if path.folder else 0o600
        yield Finding(
            rule=f"permissions.{path.role}",
            severity=_permission_severity(path, bits),
            title=f"The {path.role} is open to others",
            detail=f"{path.path} has mode {path.mode & 0o777:03o}: it can be {' and '.join(verbs)} by {by}.",
            remedy=f"chmod {wanted:03o} '{path.path}'",
        )


def _permission_severity(path: PathFacts, bits: int) -> Severity:
    if path.secret:
        return "critical" if bits & 0o007 else "high"
    return "high" if bits & 0o022 or bits & 0o007 else "medium"


INTEGRATION_RULES: Final[tuple[Callable[[IntegrationFacts], Iterable[Finding]], ...]] = (
    broken_seal,
    credential_age,
    credential_expiry,
    few_rounds,
    missing_scopes,
    old_key_version,
    plain_http,
    unneeded_scopes,
    unneeded_write_scopes,
    version_sunset,
)
INSTALLATION_RULES: Final[tuple[Callable[[InstallationFacts], Iterable[Finding]], ...]] = (open_permissions, plain_http)


def findings_of(facts: IntegrationFacts | InstallationFacts) -> list[Finding]:
    """What all rules find, the gravest first."""
    found: list[Finding] = []
    if isinstance(facts, IntegrationFacts):
        for rule in INTEGRATION_RULES:
            found += rule(facts)
    else:
        for installation_rule in INSTALLATION_RULES:
            found += installation_rule(facts)
    return sorted(found, key=lambda finding: (SEVERITIES.index(finding.severity), finding.rule))
