"""Checks of a connector's words alone: whatever can be wrong without any call."""

from __future__ import annotations

import re
from collections.abc import Callable
from string import Formatter
from typing import Final
from urllib.parse import urlsplit

from connectors.sdk.auth import OAuth2
from connectors.sdk.base import Connector

_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")


def names_are_unique_and_plain(connector: Connector) -> None:
    assert _NAME.fullmatch(connector.name)
    for names in (
        [stream.name for stream in connector.streams],
        [method.name for method in connector.auth],
        *([column.name for column in stream.columns] for stream in connector.streams),
        *([field.name for field in method.fields] for method in connector.auth),
    ):
        assert len(names) == len(set(names)), f"twice the same name: {sorted(names)}"
        assert all(_NAME.fullmatch(name) for name in names), names


def keys_and_parents_exist(connector: Connector) -> None:
    for stream in connector.streams:
        columns = {column.name: column for column in stream.columns}
        assert set(stream.key) <= columns.keys(), f"{stream.name} has no columns for its key {stream.key}"
        assert stream.mode == "append" or stream.key
        above = [column.source.removeprefix("@parent/") for column in stream.columns if column.source[:1] == "@"]
        if stream.parent is None:
            assert not above, f"{stream.name} reads from a parent that it does not have"
            continue
        parent = connector.stream(stream.parent.stream)
        assert parent.parent is None, "a parent has no parent itself"
        assert {*stream.parent.columns, *above} <= {column.name for column in parent.columns}
        assert set(above) <= set(stream.parent.columns)


def hosts_cover_every_address(connector: Connector) -> None:
    names = {name: "x" for _, name, _, _ in Formatter().parse(connector.base_url) if name}
    if connector.own_server:
        names = {"origin": "https://x", "host": "x"}  # the scheme too is the person's word
        assert not connector.allows("y", names)
    base = urlsplit(connector.base_url.format_map(names))
    assert base.scheme == "https"
    assert connector.allows(base.hostname or "", names), base.hostname
    for method in connector.auth:
        if isinstance(method, OAuth2):
            given = {field.name: field.default for field in method.fields}
            assert urlsplit(method.authorize_url.format_map(given)).scheme == "https"
            token = urlsplit(method.token_url.format_map(given))
            assert token.scheme == "https"
            assert connector.allows(token.hostname or "")
    assert not any(host.startswith("*.") and host.count(".") < 2 for host in connector.hosts), "a host is too wide"
    assert urlsplit(connector.docs).scheme == "https"


def what_streams_need_is_asked_for(connector: Connector) -> None:
    for method in connector.auth:
        if isinstance(method, OAuth2):
            needed = {scope for stream in connector.streams_for(method.name) for scope in stream.scopes}
            assert needed <= set(method.scopes), f"not asked for: {sorted(needed - set(method.scopes))}"
    for stream in connector.streams:
        assert set(stream.methods) <= {method.name for method in connector.auth}
        assert any(stream in connector.streams_for(method.name) for method in connector.auth)


def people_are_told(connector: Connector) -> None:
    for stream in connector.streams:
        assert stream.about, f"{stream.name} says nothing about itself"
    for rule in connector.errors:
        filled = rule.advice.format(platform=connector.name, name="shop")
        assert "{" not in filled
    assert (
        connector.version is None or connector.version.ends is None or connector.version.ends > connector.version.read
    )


def patterns_and_bounds_make_sense(connector: Connector) -> None:
    for stream in connector.streams:
        for column in stream.columns:
            if column.pattern is not None:
                re.compile(column.pattern)
                assert column.type == "text", f"{stream.name}.{column.name}: a pattern is for text"
            if column.choices:
                assert column.type == "text"
            if column.minimum is not None and column.maximum is not None:
                assert column.minimum <= column.maximum
    for limit in connector.rate_limit.limits:
        assert limit.requests > 0
        assert limit.seconds > 0
        assert all(re.compile(path) for path in limit.paths)
    assert connector.rate_limit.concurrency >= 1


WORDING: Final[tuple[Callable[[Connector], None], ...]] = (
    names_are_unique_and_plain,
    keys_and_parents_exist,
    hosts_cover_every_address,
    what_streams_need_is_asked_for,
    people_are_told,
    patterns_and_bounds_make_sense,
)
