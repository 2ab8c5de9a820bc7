"""Whatever the sandbox calls us with a connector accepts, and nothing that differs from it in a byte."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

import pytest

from connectors.catalog import connectors
from connectors.sdk.base import Connector
from connectors.sdk.inbound import Delivery, Inbound
from core.errors import CredentialMalformed, SignatureRefused
from sandbox.sandbox import Sandbox
from sandbox.world import World
from tests.platforms.told import told

CALLING = [connector for connector in connectors() if connector.inbound is not None]
URL = "https://hooks.example.com/in/shop?tenant=42"


def inbound_of(connector: Connector) -> Inbound:
    assert connector.inbound is not None
    return connector.inbound


def delivered(connector: Connector) -> tuple[Sandbox, Delivery, Mapping[str, str]]:
    """A call that the sandbox makes, and the values that it should be checked with."""
    values = told(connector.name).webhook or {inbound_of(connector).fields[0].name: "sandbox-signing-secret"}
    sandbox = Sandbox(World(scale=60), platforms=[connector.name], relaxed=True)
    sandbox.advance(days=2)
    made = sandbox.deliver(connector.name, URL, values.get("_secret") or next(iter(values.values())))
    delivery = Delivery(
        method=made.method,
        url=made.url,
        headers={name.lower(): value for name, value in made.headers.items()},
        params=dict(parse_qsl(urlsplit(made.url).query)),
        body=made.body,
    )
    return sandbox, delivery, values


@pytest.mark.parametrize("connector", CALLING, ids=lambda one: one.name)
def test_a_call_of_the_platform_is_accepted_and_understood(connector: Connector) -> None:
    sandbox, delivery, values = delivered(connector)
    inbound = inbound_of(connector)
    inbound.verify(delivery, values, sandbox.now())
    events = inbound.events(delivery)
    assert events
    assert len({event.id for event in events}) == len(events)
    assert [event.id for event in inbound.events(delivery)] == [event.id for event in events]
    for event in events:
        assert event.kind
        assert "None" not in event.id
        if event.stream:
            columns = {column.name for column in connector.stream(event.stream).columns}
            assert set(event.key) <= columns, f"{event.kind} names columns that {event.stream} does not have"


@pytest.mark.parametrize("connector", CALLING, ids=lambda one: one.name)
def test_a_call_that_was_altered_or_signed_by_somebody_else_is_refused(connector: Connector) -> None:
    sandbox, delivery, values = delivered(connector)
    verify = inbound_of(connector).verify
    others = {name: value[:-1] + ("A" if value[-1:] != "A" else "B") for name, value in values.items()}
    signing = [name for name in delivery.headers if "signature" in name or "token" in name]
    altered = [
        (replace(delivery, headers={n: v for n, v in delivery.headers.items() if n not in signing}), values),
        (delivery, others),
    ]
    if delivery.body:
        altered.append((replace(delivery, body=delivery.body + b" "), values))
    for wrong, secrets in altered:
        with pytest.raises((SignatureRefused, CredentialMalformed)) as refused:
            verify(wrong, secrets, sandbox.now())
        assert not any(value in str(refused.value) for value in values.values())


@pytest.mark.parametrize("connector", CALLING, ids=lambda one: one.name)
def test_a_call_that_is_too_old_is_refused_where_its_time_is_signed(connector: Connector) -> None:
    sandbox, delivery, values = delivered(connector)
    inbound = inbound_of(connector)
    sandbox.advance(seconds=(inbound.window or 0) + 86_400)
    if inbound.window is None:
        inbound.verify(delivery, values, sandbox.now())
        return
    with pytest.raises(SignatureRefused):
        inbound.verify(delivery, values, sandbox.now())


@pytest.mark.parametrize("connector", connectors(), ids=lambda one: one.name)
def test_the_words_of_webhooks_and_writes_make_sense(connector: Connector) -> None:
    if connector.inbound is not None:
        assert connector.inbound.signed
        assert urlsplit(connector.inbound.docs).scheme == "https"
    for stream in connector.streams:
        if stream.write is None:
            continue
        columns = {column.name for column in stream.columns}
        write = stream.write
        assert {*write.writable, *write.upsert} <= columns, stream.name
        assert write.create or write.update or write.delete, f"{stream.name} can be written in no way"
        assert write.read or not write.update, f"{stream.name} is updated without a way to look before"
        assert write.writable or not (write.create or write.update)
