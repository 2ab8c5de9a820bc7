"""The words a connector is written in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from connectors.sdk.auth import Auth, Settings
from connectors.sdk.inbound import Inbound
from connectors.sdk.writing import Write
from core.classify import ErrorRule
from core.errors import UsageError
from core.http import Request, Response
from core.model import Column, Context, Mode, Page, State, Table
from core.pacing import RateLimit

NO_SETTINGS: Final[Settings] = MappingProxyType({})


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
    that can read it (none: all). `scopes`: the rights it needs. `write`: how single records are written.
    `pass_over(state, context)`: how a walk goes on where the platform has nothing for one of its questions; without
    it, or where it gives None, the walk ends there.
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
    pass_over: Callable[[State, Context], Page | None] | None = None
    methods: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    write: Write | None = None
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

    `hosts` are all the hosts a credential may be sent to: exact names, a name whose first label is `*`, or a setting
    in braces where the person says which server is meant.
    `probe(method, settings)` is the cheapest request that proves a credential of that method; `details(method,
    settings)` are further questions about who one is, of which a refused one only means that it tells nothing.
    `discover(response)` reads settings from the reply to any of these, among them `account`, a label of who one is;
    `granted(response)` the scopes that it tells.
    `own_server`: the person says at which address the platform is (see connectors/sdk/addresses.py for what that may
    not be). `guesses(settings)` are further settings, one set for each way in which what they gave can be meant: the
    first that the platform answers to stays.
    `errors` are looked at before the rules of HTTP. `absent` comes before both for a request that is `optional`: what
    means there, beside 404 and its like, that there is no such thing.
    `unverified` are points that no source we could read confirms.
    """

    name: str
    title: str
    category: Literal["social", "analytics", "ai", "crm", "email", "storage"]
    base_url: str
    hosts: tuple[str, ...]
    auth: tuple[Auth, ...]
    probe: Callable[[str, Settings], Request]
    details: Callable[[str, Settings], tuple[Request, ...]] = lambda method, settings: ()
    discover: Callable[[Response], Settings] = lambda response: {}
    granted: Callable[[Response], tuple[str, ...]] = lambda response: ()
    own_server: bool = False
    guesses: Callable[[Settings], tuple[Settings, ...]] = lambda settings: ({},)
    streams: tuple[Stream, ...]
    rate_limit: RateLimit = field(default_factory=RateLimit)
    errors: tuple[ErrorRule, ...] = ()
    absent: tuple[ErrorRule, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    version: Version | None = None
    inbound: Inbound | None = None
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

    def allows(self, host: str, settings: Settings = NO_SETTINGS) -> bool:
        """Whether a credential may be sent to this host."""
        for allowed in self.hosts:
            if allowed.startswith("{"):
                if settings.get(allowed.strip("{}")) == host:
                    return True
            elif host == allowed or (allowed.startswith("*.") and host.partition(".")[2] == allowed[2:]):
                return True
        return False
