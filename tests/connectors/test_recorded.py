"""What platforms really sent, read by the connectors: every recording is either read or listed with the reason why not.

A recording is read when its call is one that a connector makes (whatever the version in the path), or when it shows a
record of a stream through another call. Reading means: the reply is a good one, its records are cut out, and every
column of every record has its type and passes its checks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import pytest

from connectors.catalog import PLATFORMS, connector
from connectors.sdk.base import Connector, Stream
from core.classify import Disposition, classify
from core.http import Request, Response
from core.model import Context, State
from tests.columns import rows
from tests.platforms.told import told
from tests.shared import needs_shared, recorded, recordings

NOW: Final = datetime(2026, 11, 23, tzinfo=UTC)
VERSIONS: Final = re.compile(r"^(v1|v3|v\d+\.\d|2026-03|3\.0|2)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One recorded call; `path` is empty where the recording does not tell it."""

    method: str
    path: str
    response: Response


def exchanges(slug: str, name: str) -> Iterator[Exchange]:
    found = recorded(slug, name)
    if isinstance(found, dict) and "exchanges" in found:
        for one in found["exchanges"]:
            asked, reply = one["request"], one["response"]
            yield Exchange(
                method=asked["method"],
                path=asked["path"],
                response=_reply(reply.get("body"), reply["status"], reply["headers"]),
            )
    elif isinstance(found, list):
        for one in found:
            yield Exchange(method=one["method"], path=one["endpoint"], response=_reply(one["response"]))
    else:
        path = told(slug).paths.get(name, "")
        yield Exchange(method="GET", path=path, response=_reply(found))


def _reply(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    content = body if isinstance(body, str) else json.dumps(body)
    return Response(status=status, headers=headers or {}, body=content.encode())


def shape(path: str) -> str:
    """A path without its version, whose place in it the platforms have changed."""
    return "/".join(step for step in path.split("/") if not VERSIONS.match(step))


def asks_for(request: Request, exchange: Exchange) -> bool:
    template = re.escape(shape(request.path)).replace(r"\{", "{").replace(r"\}", "}")
    pattern = re.sub(r"{\w+}", "[^/]+", template)
    return request.method == exchange.method and re.fullmatch(pattern, shape(exchange.path)) is not None


def context_of(platform: Connector, stream: Stream | None = None) -> Context:
    words = told(platform.name)
    return Context(now=NOW, settings=words.settings, parent=words.parent if stream and stream.parent else None)


def calls(platform: Connector) -> Iterator[tuple[Stream, State, Request]]:
    for stream in platform.streams:
        first = stream.request({}, context_of(platform, stream))
        for state in told(platform.name).states:
            asked = stream.request(state, context_of(platform, stream))
            if not state or asked.fingerprint() != first.fingerprint():
                yield stream, state, asked


def read(platform: Connector, exchange: Exchange) -> int:
    """Reads a reply with everything in the connector that asks for it; how many that were."""
    readers = 0
    for stream, state, asked in calls(platform):
        if not asks_for(asked, exchange):
            continue
        page = stream.parse(asked, exchange.response, state, context_of(platform, stream))
        typed = rows(stream.columns, page.records)
        for row in typed:
            assert all(row[name] is not None for name in stream.key if name in row)
        assert page.next is None or page.next.fingerprint() != asked.fingerprint()
        readers += 1
    for method in platform.auth:
        settings = told(platform.name).settings
        questions = (platform.probe(method.name, settings), *platform.details(method.name, settings))
        if any(asks_for(question, exchange) for question in questions):
            assert "None" not in str(platform.discover(exchange.response).get("account", ""))
            readers += 1
    return readers


VECTORS: Final = "webhook_vectors.json"  # no exchange: what it holds is read by the platform's own tests
ALL: Final = [(slug, name) for slug in PLATFORMS for name in recordings(slug) if name != VECTORS]


@needs_shared
@pytest.mark.parametrize(("slug", "name"), ALL, ids=lambda value: value)
def test_a_recording_is_read_or_listed(slug: str, name: str) -> None:
    platform, words = connector(slug), told(slug)
    read_by = [read(platform, exchange) for exchange in exchanges(slug, name) if exchange.response.status < 400]
    shown = words.records.get(name)
    if shown is not None:
        stream = platform.stream(shown[0])
        records = [record for one in exchanges(slug, name) for record in one.response.records(shown[1])]
        assert records
        assert rows(stream.columns, records)
    if name in words.unread or name in words.refused or shown is not None:
        assert not any(read_by), f"{slug}/{name} is listed as not asked for, but is"
    else:
        assert all(read_by), f"{slug}/{name} is neither read nor listed"


@needs_shared
@pytest.mark.parametrize("slug", PLATFORMS)
def test_no_listed_recording_is_gone(slug: str) -> None:
    words = told(slug)
    assert {*words.unread, *words.records, *words.paths, *words.refused} <= set(recordings(slug))


@needs_shared
@pytest.mark.parametrize("slug", PLATFORMS)
def test_every_reply_is_taken_for_what_it_is(slug: str) -> None:
    platform, words = connector(slug), told(slug)
    judged = [
        (name, one.response.status, classify(one.response, platform.errors).disposition)
        for name in recordings(slug)
        if name != VECTORS
        for one in exchanges(slug, name)
    ]
    good = [(name, found) for name, status, found in judged if status < 400 and name not in words.refused]
    assert [name for name, found in good if found is not Disposition.OK] == []
    for name, disposition in words.refused.items():
        assert disposition in [found.value for one, _, found in judged if one == name], name
    bad = [name for name, status, found in judged if status >= 400 and found is Disposition.OK]
    assert bad == []


@pytest.mark.parametrize(
    ("ours", "theirs", "same"),
    [
        ("/crm/objects/2026-03/contacts", "/crm/v3/objects/contacts", True),
        ("/crm/objects/2026-03/contacts", "/crm/v3/objects/contacts/7", False),
        ("/3.0/lists/{list_id}/members", "/3.0/lists/16ed227135/members", True),
        ("/3.0/lists/{list_id}/members", "/3.0/lists/16ed227135/segments", False),
        ("/v1/models", "/v1/models", True),
    ],
)
def test_calls_are_the_same_whatever_their_version(ours: str, theirs: str, same: bool) -> None:
    exchange = Exchange(method="GET", path=theirs, response=_reply({}))
    assert asks_for(Request(path=ours), exchange) is same
