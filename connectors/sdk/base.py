"""The words a connector is written in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, TypeAlias

from core.classify import ErrorRule
from core.errors import CredentialMalformed, UsageError
from core.http import JSON, Request, Response
from core.model import Column, Context, Mode, Page, State, Table
from core.pacing import RateLimit

Settings: TypeAlias = Mapping[str, JSON]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One thing a person must give to connect. What is not secret becomes a setting of the integration.

    `pattern` must match the whole value: it is the form the vendor publishes, checked before any call.
    """

    name: str
    title: str
    secret: bool = True
    pattern: str = r"[!-~]+"  # what a header can carry
    optional: bool = False
    help: str = ""

    def check(self, value: str) -> str:
        """The value, trimmed. Raises CredentialMalformed, which never shows the value."""
        trimmed = value.strip()
        if not trimmed and self.optional:
            return ""
        if not re.fullmatch(self.pattern, trimmed):
            raise CredentialMalformed(
                f"{self.title} does not have the form that the platform gives it",
                advice=self.help or "Copy it again, whole and without quotes.",
            )
        return trimmed


Values: TypeAlias = Mapping[str, str]
"""What a credential holds, in clear: only ever in memory, between unsealing and sending."""


Authorize: TypeAlias = Callable[[Values, Request], Mapping[str, str]]
"""Makes the headers that authorize a request."""


def bearer(values: Values, request: Request) -> Mapping[str, str]:
    """RFC 6750, 2.1. The token is the value named `access_token`, else `token`."""
    return {"Authorization": f"Bearer {values.get('access_token') or values['token']}"}


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
    learn: Callable[[Values], Settings] = lambda values: {}
    help: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuth2:
    """The authorization code grant (RFC 6749, 4.1), with PKCE (RFC 7636) where the platform has it.

    `fields` are what the person's own app registration gives (client id, client secret). `client_auth` says how
    the token endpoint wants them: HTTP Basic, or in the form body. `rotates`: a refresh answers with a new
    refresh token, and the old one is dead. `refresh_before`: seconds before the expiry at which to refresh.
    """

    name: str = "oauth2"
    title: str = "OAuth 2.0"
    authorize_url: str
    token_url: str
    scopes: tuple[str, ...] = ()
    scope_separator: str = " "
    fields: tuple[Field, ...]
    client_auth: Literal["basic", "body"] = "body"
    pkce: bool = True
    authorize_params: Mapping[str, str] = field(default_factory=dict)
    rotates: bool = False
    refresh_before: float = 300.0
    authorize: Authorize = bearer
    learn: Callable[[Values], Settings] = lambda values: {}
    help: str = ""


Auth: TypeAlias = ApiKey | OAuth2


@dataclass(frozen=True, slots=True, kw_only=True)
class Parent:
    """The stream whose live rows another one is read for; `columns` are what it needs of each row."""

    stream: str
    columns: tuple[str, ...]


Ahead: TypeAlias = Callable[[Request, Response], Iterator[Request]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """Two pure functions, and what the rows are.

    `request(state, context)` begins from what we remember, also in the middle of a walk.
    `parse(request, response, state, context)` tells what a reply means; `state` is the one after the page before.
    `ahead(request, response)` lists the requests after the first one, where its reply lets them be told: the driver
    then reads in parallel. It is a hint: whatever page.next says is what counts.
    `sweep`: a full walk sees every live row, so what it did not see is gone. `methods`: the ways to authenticate
    that can read it (none: all). `scopes`: the rights it needs.
    """

    name: str
    columns: tuple[Column, ...]
    request: Callable[[State, Context], Request]
    parse: Callable[[Request, Response, State, Context], Page]
    key: tuple[str, ...] = ("id",)
    mode: Mode = "upsert"
    parent: Parent | None = None
    ahead: Ahead | None = None
    sweep: bool = False
    methods: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    about: str = ""

    def table(self, platform: str) -> Table:
        """Where its records land."""
        return Table(
            schema=platform, name=self.name, columns=self.columns, key=self.key, mode=self.mode, sweep=self.sweep
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """The pinned version of a platform's interface: when its documents were last read, and when it ends."""

    name: str
    read: date
    ends: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Connector:
    """A platform. `base_url` may name settings in braces (`https://{dc}.api.mailchimp.com`).

    `hosts` are all the hosts a credential may be sent to: exact names, or a name whose first label is `*`.
    `probe(method, settings)` is the cheapest request that proves a credential of that method;
    `discover(response)` reads settings from its reply, among them `account`, a label of who one is.
    `errors` are looked at before the rules of HTTP. `unverified` are points that no source we could read confirms.
    """

    name: str
    title: str
    category: Literal["social", "analytics", "ai", "crm", "email", "storage"]
    base_url: str
    hosts: tuple[str, ...]
    auth: tuple[Auth, ...]
    probe: Callable[[str, Settings], Request]
    discover: Callable[[Response], Settings] = lambda response: {}
    streams: tuple[Stream, ...]
    rate_limit: RateLimit = field(default_factory=RateLimit)
    errors: tuple[ErrorRule, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    version: Version | None = None
    unverified: tuple[str, ...] = ()
    docs: str

    def method(self, name: str) -> Auth:
        """The way to authenticate of that name. Raises UsageError."""
        for method in self.auth:
            if method.name == name:
                return method
        known = ", ".join(method.name for method in self.auth)
        raise UsageError(f"{self.title} has no way to authenticate called {name}", advice=f"It has: {known}.")

    def stream(self, name: str) -> Stream:
        """The stream of that name. Raises UsageError."""
        for stream in self.streams:
            if stream.name == name:
                return stream
        known = ", ".join(stream.name for stream in self.streams)
        raise UsageError(f"{self.title} has no stream called {name}", advice=f"It has: {known}.")

    def streams_for(self, method: str) -> tuple[Stream, ...]:
        """The streams that a credential of this method can read, parents before their children."""
        readable = [stream for stream in self.streams if not stream.methods or method in stream.methods]
        return tuple(sorted(readable, key=lambda stream: stream.parent is not None))

    def allows(self, host: str) -> bool:
        """Whether a credential may be sent to this host."""
        return any(
            host == allowed or (allowed.startswith("*.") and host.partition(".")[2] == allowed[2:])
            for allowed in self.hosts
        )
