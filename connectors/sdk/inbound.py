"""Webhooks that a platform sends: what arrived, whether it is theirs, and what it tells. Pure, over raw bytes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import TypeAlias

from connectors.sdk.auth import Field, Values


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One call as it arrived. `url` is the whole address that the platform called, `headers` have lower-case names,
    `params` are those of the query, decoded, `body` the bytes as they came."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    params: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the platform wants to hear at once."""

    status: int = 200
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened.

    `id` is the same whenever the platform tells of it again: the vendor's id of the event, else one made of what it
    says. `kind` is the vendor's word. `stream` names the stream that knows more, where one does, and `key` the row of
    it, by column. `data` is the event as JSON, as it arrived where it is JSON.
    """

    id: str
    kind: str
    at: datetime | None = None
    stream: str = ""
    key: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    deleted: bool = False
    account: str = ""
    data: bytes = field(default=b"{}", repr=False)


Verify: TypeAlias = Callable[[Delivery, Values, datetime], None]
"""Raises SignatureRefused unless the platform sent this call. `datetime` is now, with a time zone."""


def no_handshake(delivery: Delivery, values: Values) -> Answer | None:
    """For platforms that just begin to send."""
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """How a platform calls us.

    `fields` are what a person must give to check signatures; their values go to `verify` and `handshake`, together
    with the values of the credential (an app's client secret often is the key). `handshake` answers a call that only
    asks whether the address is ours (None for any other) and raises SignatureRefused where it asks in vain; it comes
    before `verify`. `acknowledge` is the answer to a good delivery, `refuse` to one that is not theirs. `signed` tells
    in a few words how calls are signed, for the table of platforms; `window` is how many seconds old a signed call may
    be (None: no time is signed, so only the event's id keeps a call from counting twice).
    """

    fields: tuple[Field, ...] = ()
    verify: Verify
    events: Callable[[Delivery], Sequence[Event]]
    handshake: Callable[[Delivery, Values], Answer | None] = no_handshake
    acknowledge: Answer = field(default_factory=Answer)
    refuse: Answer = field(default_factory=lambda: Answer(status=401))
    signed: str
    window: float | None = None
    kinds: tuple[str, ...] = ()
    docs: str
