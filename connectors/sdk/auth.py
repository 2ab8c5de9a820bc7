"""The ways to authenticate, as values: what a person gives, how tokens are asked for, what authorizes a call."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeAlias

from core.errors import CredentialMalformed
from core.http import JSON, Request, Response

Settings: TypeAlias = Mapping[str, JSON]

Values: TypeAlias = Mapping[str, str]
"""What a credential holds, in clear: only ever in memory, between unsealing and sending."""

Authorize: TypeAlias = Callable[[Values, Request], Mapping[str, str]]
"""Makes the headers that authorize a request."""

Proof: TypeAlias = Callable[[Values, Request], Mapping[str, str]]
"""Makes query parameters that prove something about the credential, and are no secret themselves."""

ReadToken: TypeAlias = Callable[[Response, Settings], Mapping[str, Any]]
"""Finds the members of a token reply (RFC 6749, 5.1) in whatever a platform wraps them in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One thing a person must give to connect. What is not secret becomes a setting of the integration.

    `pattern` must match the whole value: it is the form the vendor publishes, checked before any call. `file`: what
    the platform hands out is a file, and the value is what stands in it. `default` stands in for what was left empty.
    """

    name: str
    title: str
    secret: bool = True
    pattern: str = r"[!-~]+"  # what a header can carry
    optional: bool = False
    file: bool = False
    default: str = ""
    help: str = ""

    def check(self, value: str) -> str:
        """The value, trimmed. Raises CredentialMalformed, which never shows the value."""
        trimmed = value.strip() or self.default
        if not trimmed and self.optional:
            return ""
        if not re.fullmatch(self.pattern, trimmed):
            raise CredentialMalformed(
                f"{self.title} does not have the form that the platform gives it",
                advice=self.help or "Copy it again, whole and without quotes.",
            )
        return trimmed


def bearer(values: Values, request: Request) -> Mapping[str, str]:
    """RFC 6750, 2.1. The token is the value named `access_token`, else `token`."""
    return {"Authorization": f"Bearer {values.get('access_token') or values['token']}"}


def header(name: str, value: str = "token") -> Authorize:
    """A header of its own that holds the value of that name."""
    return lambda values, request: {name: values[value]}


def unproved(values: Values, request: Request) -> Mapping[str, str]:
    return {}


def whole_reply(response: Response, settings: Settings) -> Mapping[str, Any]:
    """A token reply that is nothing else."""
    reply = response.json()
    return reply if isinstance(reply, dict) else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A credential that a person copies from the platform and that does not change by itself.

    `authorize` makes the headers of a call; `learn` reads settings out of the values themselves (Mailchimp's key
    ends with its data centre).
    """

    name: str
    title: str
    fields: tuple[Field, ...]
    authorize: Authorize = bearer
    proof: Proof = unproved
    learn: Callable[[Values], Settings] = lambda values: {}
    help: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A step after the token was granted: asks for one that lives longer, or for that of a page.

    What `read` finds takes the place of what was granted before.
    """

    request: Callable[[Values, Settings], Request]
    read: ReadToken = whole_reply


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuth2:
    """The authorization code grant (RFC 6749, 4.1), with PKCE (RFC 7636) where the platform has it.

    `fields` are what the person's own app registration gives (client id, client secret); addresses may name them in
    braces (`https://{login_host}/token`). `client_auth` says how the token endpoint wants them: HTTP Basic, or in the
    form body. `rotates`: a refresh answers with a new refresh token, and the old one is dead. `refresh_before`:
    seconds before the expiry at which to refresh. `exchanges` follow the code's exchange, in their order. `renew` asks
    for a new token with the old one, on platforms without refresh tokens; `renews_expired`: also once that has expired.
    `scope_names`: what the consent page calls rights that streams name otherwise. `keeps` names members of the token
    reply that stay with the credential, from where `learn` may make settings of them (Salesforce tells its host there).
    """

    name: str = "oauth2"
    title: str = "OAuth 2.0"
    authorize_url: str
    token_url: str
    scopes: tuple[str, ...] = ()
    scope_names: Mapping[str, str] = field(default_factory=dict)
    scope_separator: str = " "
    fields: tuple[Field, ...]
    client_auth: Literal["basic", "body"] = "body"
    client_id_param: str = "client_id"
    pkce: bool = True
    authorize_params: Mapping[str, str] = field(default_factory=dict)
    rotates: bool = False
    refresh_before: float = 300.0
    read: ReadToken = whole_reply
    exchanges: tuple[Exchange, ...] = ()
    renew: Callable[[Values, Settings], Request] | None = None
    renews_expired: bool = True
    keeps: tuple[str, ...] = ()
    authorize: Authorize = bearer
    proof: Proof = unproved
    learn: Callable[[Values], Settings] = lambda values: {}
    help: str = ""

    @property
    def asked_scopes(self) -> tuple[str, ...]:
        """The rights, in the words of the consent page."""
        return tuple(self.scope_names.get(scope, scope) for scope in self.scopes)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenGrant:
    """Access tokens that the credential obtains by itself, without a person and without refresh tokens: client
    credentials (RFC 6749, 4.4), a signed assertion (RFC 7523, 2.1). A new one is asked for with `request`."""

    name: str
    title: str
    fields: tuple[Field, ...]
    request: Callable[[Values, Settings, datetime], Request]
    scopes: tuple[str, ...] = ()
    refresh_before: float = 300.0
    read: ReadToken = whole_reply
    keeps: tuple[str, ...] = ()
    authorize: Authorize = bearer
    proof: Proof = unproved
    learn: Callable[[Values], Settings] = lambda values: {}
    help: str = ""


Auth: TypeAlias = ApiKey | OAuth2 | TokenGrant
