"""Which credentials the simulated platforms accept, with scopes, expiry and revocation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

STANDS = ""
MISSING, UNKNOWN, EXPIRED, REVOKED = "missing", "unknown", "expired", "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """One key or token. `kind` is the kind of sample, or access or refresh for tokens that OAuth issued.

    `expires` is in seconds since the epoch (None: never). `grant` joins the tokens of one consent.
    """

    platform: str
    kind: str
    secret: str = field(repr=False)
    account: str = "1"
    scopes: tuple[str, ...] = ()
    expires: float | None = None
    revoked: bool = False
    client_id: str = ""
    grant: str = ""


class Accepted:
    """All credentials of a sandbox, by platform and secret."""

    def __init__(self, credentials: Iterable[Credential] = ()) -> None:
        self._kept: dict[tuple[str, str], Credential] = {}
        for credential in credentials:
            self.add(credential)

    def add(self, credential: Credential) -> Credential:
        self._kept[credential.platform, credential.secret] = credential
        return credential

    def get(self, platform: str, secret: str) -> Credential | None:
        return self._kept.get((platform, secret))

    def judge(self, platform: str, secret: str | None, now: float) -> tuple[Credential | None, str]:
        """The credential of a call and what is wrong with it (STANDS: nothing). Refresh tokens are no credential."""
        if not secret:
            return None, MISSING
        found = self.get(platform, secret)
        if found is None or found.kind == "refresh":
            return None, UNKNOWN
        if found.revoked:
            return found, REVOKED
        if found.expires is not None and now >= found.expires:
            return found, EXPIRED
        return found, STANDS

    def of(self, platform: str) -> list[Credential]:
        """Every credential of a platform, revoked and expired ones too."""
        return [credential for (slug, _), credential in self._kept.items() if slug == platform]

    def expire(self, platform: str, now: float) -> None:
        """Lets every access token of a platform expire at once; keys that never expire are left alone."""
        for credential in self.of(platform):
            if credential.kind == "access":
                self.add(replace(credential, expires=min(now, credential.expires or now)))

    def revoke(self, platform: str, secret: str | None = None) -> None:
        """Revokes one credential, or all of a platform, refresh tokens too."""
        for credential in self.of(platform):
            if secret is None or credential.secret == secret:
                self.add(replace(credential, revoked=True))

    def revoke_grant(self, platform: str, grant: str) -> None:
        """Revokes every token of one consent."""
        for credential in self.of(platform):
            if grant and credential.grant == grant:
                self.add(replace(credential, revoked=True))

    def reinstate(self, platform: str) -> None:
        """Takes back every revocation."""
        for credential in self.of(platform):
            self.add(replace(credential, revoked=False))

    def remove_scope(self, platform: str, scope: str) -> None:
        """Takes a scope from every credential of a platform."""
        for credential in self.of(platform):
            self.add(replace(credential, scopes=tuple(s for s in credential.scopes if s != scope)))
