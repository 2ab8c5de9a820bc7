"""The OAuth 2.0 side of a platform: consent page, token endpoint, refresh, revocation, introspection.

Written from RFC 6749, RFC 7636 (PKCE), RFC 7009 (revocation) and RFC 7662 (introspection); where a vendor differs,
the difference is a field of its Dialect.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any, Literal
from urllib.parse import urlencode

from sandbox.consent import consent_page, refusal_page
from sandbox.credentials import Accepted, Credential
from sandbox.platform import BadBody, Call, Reply, basic, json_reply
from sandbox.world import Clock

LOOPBACK = ("http://127.0.0.1:*", "http://localhost:*", "http://[[]::1]:*")  # RFC 8252, 7.3: any port
Place = tuple[str, str]  # host and path


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A registered app. `redirects` are globs; an empty secret makes it a public client."""

    client_id: str
    client_secret: str = field(default="", repr=False)
    redirects: tuple[str, ...] = (*LOOPBACK, "https://*.example/*")


def client_of(sample: Mapping[str, str]) -> Client:
    """The app of a sample with `client_id` and perhaps `client_secret`."""
    return Client(client_id=sample["client_id"], client_secret=sample.get("client_secret", ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What one consent gave, as the token reply tells it. `refresh` is empty where none is handed out."""

    client_id: str
    account: str
    scopes: tuple[str, ...]
    access: str = field(repr=False)
    refresh: str = field(repr=False)
    seconds: float | None
    kind: str  # the grant type asked for


def standard_error(code: str, description: str, status: int) -> Reply:
    """RFC 6749, 5.2."""
    return json_reply({"error": code, "error_description": description}, status=status)


def standard_reply(grant: Grant) -> dict[str, Any]:
    """RFC 6749, 5.1."""
    reply: dict[str, Any] = {"access_token": grant.access, "token_type": "bearer", "scope": " ".join(grant.scopes)}
    if grant.seconds is not None:
        reply["expires_in"] = int(grant.seconds)
    return reply | ({"refresh_token": grant.refresh} if grant.refresh else {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How one vendor speaks OAuth. `mint(kind, serial)` makes a code, access or refresh token in its form.

    `offers_refresh(parameters of the authorize call, scopes)` tells whether a refresh token comes along.
    `extra` are further grant types: (server, call, fields, client) -> Reply, which may use `server.issue`.
    `own` are further places that answer for themselves, without a client that shows who it is.
    `asserts` tells a signed assertion that is meant for this platform (RFC 7523): such a call names no client.
    """

    title: str
    authorize: Place
    token: tuple[Place, ...]
    clients: tuple[Client, ...]
    mint: Callable[[str, int], str]
    scopes: tuple[str, ...] = ()
    scope_separator: str = " "
    client_id_param: str = "client_id"
    client_auth: tuple[Literal["body", "basic"], ...] = ("body", "basic")
    pkce: Literal["required", "optional", "ignored"] = "optional"
    token_in: Literal["form", "query"] = "form"
    code_seconds: float = 600
    access_seconds: float | None = 3600
    rotates: bool = False
    offers_refresh: Callable[[Mapping[str, str], tuple[str, ...]], bool] = lambda parameters, scopes: True
    account: str = "1"
    reply: Callable[[Grant], dict[str, Any]] = standard_reply
    error: Callable[[str, str, int], Reply] = standard_error
    revoke: Place | None = None
    revoked: Callable[[Call], Reply] = lambda call: Reply(status=200)
    introspect: Place | None = None
    introspected: Callable[[Credential | None, float], Reply] | None = None
    extra: Mapping[str, Callable[[OAuthServer, Call, Mapping[str, str], Client], Reply]] = field(default_factory=dict)
    asserts: Callable[[str], bool] = lambda assertion: False
    own: Mapping[Place, Callable[[OAuthServer, Call], Reply]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Code:
    """A code that waits to be exchanged; a used one is kept, to notice when it is shown again."""

    client_id: str
    redirect: str
    scopes: tuple[str, ...]
    challenge: str
    method: str
    expires: float
    refreshes: bool
    grant: str
    used: bool = False


class OAuthServer:
    """The authorization server of one platform. `auto_approve` answers the consent page by itself."""

    def __init__(self, slug: str, dialect: Dialect, accepted: Accepted, clock: Clock) -> None:
        self.auto_approve = False
        self.slug = slug
        self.dialect = dialect
        self._accepted = accepted
        self._clock = clock
        self._codes: dict[str, _Code] = {}
        self._serial = 0

    def serves(self, call: Call) -> bool:
        """Whether this call is for one of its places."""
        dialect, place = self.dialect, (call.host, call.path)
        return place in (dialect.authorize, *dialect.token, dialect.revoke, dialect.introspect, *dialect.own)

    def knows(self, call: Call) -> bool:
        """Whether the client id or the token shown is of this platform: products of one vendor share places."""
        shown = {**dict(call.params), **call.fields}
        token = shown.get("token") or shown.get("access_token") or ""
        client_id = shown.get(self.dialect.client_id_param) or (basic(call) or ("",))[0]
        known = self._client(client_id) is not None or self._accepted.get(self.slug, token) is not None
        return known or self.dialect.asserts(shown.get("assertion", ""))

    def answer(self, call: Call) -> Reply | None:
        """The reply to a call on one of its places; None where another part of the platform is meant."""
        place = (call.host, call.path)
        dialect = self.dialect
        if place == dialect.authorize:
            return self._authorize(call)
        if place in dialect.token:
            return self._token(call)
        if place in dialect.own:
            return dialect.own[place](self, call)
        if place == dialect.revoke:
            return self._revoke(call)
        if place == dialect.introspect and dialect.introspected:
            fields = call.fields or dict(call.params)
            found = self._accepted.get(self.slug, fields.get("token") or call.param("access_token"))
            return dialect.introspected(found, self._clock.seconds())
        return None

    # The authorize endpoint (RFC 6749, 4.1.1 and 4.1.2)

    def _authorize(self, call: Call) -> Reply:
        asked = dict(call.params)
        client = self._client(asked.get(self.dialect.client_id_param, ""))
        redirect = asked.get("redirect_uri", "")
        if client is None:
            return refusal_page(self.dialect.title, "The app that asks is not registered.")
        if not any(fnmatchcase(redirect, pattern) for pattern in client.redirects):
            return refusal_page(self.dialect.title, "The redirect address is not one of the app's.")
        back: dict[str, str] = {"state": asked["state"]} if "state" in asked else {}
        separator = self.dialect.scope_separator
        scopes = tuple(s for s in asked.get("scope", "").replace("+", " ").split(separator) if s)
        unknown = [scope for scope in scopes if self.dialect.scopes and scope not in self.dialect.scopes]
        method = asked.get("code_challenge_method", "plain")
        if asked.get("response_type", "code") != "code":
            return _redirect(redirect, {"error": "unsupported_response_type", **back})
        if unknown:
            return _redirect(redirect, {"error": "invalid_scope", "error_description": unknown[0], **back})
        if self.dialect.pkce == "required" and not asked.get("code_challenge"):
            return _redirect(redirect, {"error": "invalid_request", "error_description": "code_challenge", **back})
        decision = asked.get("decision") or ("approve" if self.auto_approve else "")
        if decision == "deny":
            return _redirect(redirect, {"error": "access_denied", **back})
        if decision != "approve":
            return consent_page(self.dialect.title, client.client_id, scopes, call.params)
        code = self.mint("code")
        self._codes[code] = _Code(
            client_id=client.client_id,
            redirect=redirect,
            scopes=scopes or self.dialect.scopes,
            challenge=asked.get("code_challenge", ""),
            method=method,
            expires=self._clock.seconds() + self.dialect.code_seconds,
            refreshes=self.dialect.offers_refresh(asked, scopes),
            grant=f"{self.slug}-{self._serial}",
        )
        return _redirect(redirect, {"code": code, **back})

    # The token endpoint (RFC 6749, 4.1.3 and 6)

    def _token(self, call: Call) -> Reply:
        try:
            fields = dict(call.params) if self.dialect.token_in == "query" else call.form()
        except BadBody:
            return self.dialect.error("invalid_request", "the parameters belong in a form body", 400)
        asserted = self.dialect.asserts(fields.get("assertion", ""))
        client = Client(client_id="") if asserted else self._authenticated(call, fields)
        if client is None:
            return self.dialect.error("invalid_client", "client authentication failed", 401)
        kind = fields.get("grant_type", "authorization_code" if self.dialect.token_in == "query" else "")
        if kind in self.dialect.extra:
            return self.dialect.extra[kind](self, call, fields, client)
        if kind == "authorization_code":
            return self._exchange(fields, client)
        if kind == "refresh_token":
            return self._refresh(fields, client)
        return self.dialect.error("unsupported_grant_type", f"grant_type {kind!r} is not served", 400)

    def _exchange(self, fields: Mapping[str, str], client: Client) -> Reply:
        invalid = self.dialect.error
        shown = fields.get("code", "")
        code = self._codes.get(shown)
        if code is None or code.client_id != client.client_id:
            return invalid("invalid_grant", "the authorization code is invalid", 400)
        if code.used:
            # RFC 6749, 4.1.2: a code shown twice takes the tokens it gave along.
            self._accepted.revoke_grant(self.slug, code.grant)
            return invalid("invalid_grant", "the authorization code was used before", 400)
        if self._clock.seconds() >= code.expires:
            return invalid("invalid_grant", "the authorization code has expired", 400)
        if fields.get("redirect_uri", "") != code.redirect:
            return invalid("invalid_grant", "redirect_uri is not the one of the authorization", 400)
        if self.dialect.pkce != "ignored" and not _proves(code, fields.get("code_verifier", "")):
            return invalid("invalid_grant", "code_verifier does not match the challenge", 400)
        self._codes[shown] = replace(code, used=True)
        return self.issue(client, code.scopes, grant=code.grant, kind="authorization_code", with_refresh=code.refreshes)

    def _refresh(self, fields: Mapping[str, str], client: Client) -> Reply:
        found = self._accepted.get(self.slug, fields.get("refresh_token", ""))
        if found is None or found.kind != "refresh" or found.client_id != client.client_id:
            return self.dialect.error("invalid_grant", "the refresh token is invalid", 400)
        if found.revoked:
            if self.dialect.rotates:
                # RFC 9700, 4.14.2: a rotated token that is used again was stolen, or its successor was lost.
                self._accepted.revoke_grant(self.slug, found.grant)
            return self.dialect.error("invalid_grant", "the refresh token was revoked", 400)
        if self.dialect.rotates:
            self._accepted.revoke(self.slug, found.secret)
        refresh = "" if self.dialect.rotates else found.secret
        return self.issue(
            client, found.scopes, grant=found.grant, kind="refresh_token", with_refresh=True, refresh=refresh
        )

    def issue(
        self,
        client: Client,
        scopes: tuple[str, ...],
        *,
        grant: str,
        kind: str,
        with_refresh: bool,
        refresh: str = "",
        seconds: float | None = None,
    ) -> Reply:
        """Hands out an access token, and a new refresh token where one is due and none is given to keep."""
        life = seconds if seconds is not None else self.dialect.access_seconds
        now = self._clock.seconds()
        access = self.mint("access")
        token = Credential(
            platform=self.slug,
            kind="access",
            secret=access,
            account=self.dialect.account,
            scopes=scopes,
            expires=None if life is None else now + life,
            client_id=client.client_id,
            grant=grant,
        )
        self._accepted.add(token)
        if with_refresh and not refresh:
            refresh = self.mint("refresh")
            self._accepted.add(replace(token, kind="refresh", secret=refresh, expires=None))
        given = Grant(
            client_id=client.client_id,
            account=self.dialect.account,
            scopes=scopes,
            access=access,
            refresh=refresh,
            seconds=life,
            kind=kind,
        )
        return json_reply(self.dialect.reply(given), headers={"cache-control": "no-store"})

    def accepted(self, secret: str) -> Credential | None:
        """The credential of this platform with that secret, revoked ones too."""
        return self._accepted.get(self.slug, secret)

    def now(self) -> float:
        """The sandbox's time, in seconds since 1970."""
        return self._clock.seconds()

    def mint(self, kind: str) -> str:
        """A fresh code (code), access or refresh token, in the vendor's form."""
        self._serial += 1
        return self.dialect.mint(kind, self._serial)

    def _revoke(self, call: Call) -> Reply:
        fields = {**dict(call.params), **call.fields}
        found = self._accepted.get(self.slug, fields.get("token", "") or call.headers.get("authorization", "")[7:])
        if found is not None:
            self._accepted.revoke_grant(self.slug, found.grant)
            self._accepted.revoke(self.slug, found.secret)
        return self.dialect.revoked(call)  # RFC 7009, 2.2: an unknown token is no error

    def _client(self, client_id: str) -> Client | None:
        return next((client for client in self.dialect.clients if client.client_id == client_id), None)

    def _authenticated(self, call: Call, fields: Mapping[str, str]) -> Client | None:
        pair = basic(call) if "basic" in self.dialect.client_auth else None
        if pair is None and "body" in self.dialect.client_auth:
            pair = (fields.get(self.dialect.client_id_param, ""), fields.get("client_secret", ""))
        if pair is None:
            return None
        client = self._client(pair[0])
        return client if client is not None and client.client_secret == pair[1] else None


def _proves(code: _Code, verifier: str) -> bool:
    if not code.challenge:
        return True
    if code.method == "plain":
        return verifier == code.challenge
    digest = hashlib.sha256(verifier.encode()).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode() == code.challenge


def _redirect(address: str, parameters: Mapping[str, str]) -> Reply:
    joint = "&" if "?" in address else "?"
    return Reply(status=302, headers={"location": f"{address}{joint}{urlencode(parameters)}"})
