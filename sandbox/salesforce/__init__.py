"""Salesforce: REST API (query, describe, sObject rows, limits) and OAuth with three grants, one organization.

Sources: developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest, Salesforce Help (OAuth authorization flows),
and replies recorded in 2026.
"""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import format_datetime

from sandbox.platform import Call, Platform, Route
from sandbox.salesforce.dialect import INSTANCE, LOGIN, credentials, oauth, problems, window_headers, windows
from sandbox.salesforce.reading import Reading
from sandbox.salesforce.work import make_kinds
from sandbox.salesforce.writes import Writes
from sandbox.world import World

_DATA = "/services/data/v{version}"
_ROW = f"{_DATA}/sobjects/{{kind}}/{{id}}"


def build(world: World) -> Platform:
    reading = Reading(world, make_kinds(world))
    writes = Writes(world, reading)
    api = ("api",)

    def headers(call: Call) -> Mapping[str, str]:
        return {"date": format_datetime(world.clock.now(), usegmt=True), "server": "sfdcedge"}

    return Platform(
        slug="salesforce",
        hosts=(LOGIN, "test.salesforce.com", "*.my.salesforce.com"),
        routes=(
            Route("GET", "/services/data", reading.versions, host=INSTANCE, open=True),
            Route("GET", "/services/oauth2/userinfo", reading.userinfo, scopes=("id",)),
            Route("GET", f"{_DATA}/limits", reading.limits, host=INSTANCE, scopes=api),
            Route("GET", f"{_DATA}/query", reading.query, host=INSTANCE, scopes=api),
            Route("GET", f"{_DATA}/queryAll", reading.query_all, host=INSTANCE, scopes=api),
            Route("GET", f"{_DATA}/query/{{locator}}", reading.more, host=INSTANCE, scopes=api),
            Route("GET", f"{_DATA}/sobjects/{{kind}}/describe", reading.describe, host=INSTANCE, scopes=api),
            Route("POST", f"{_DATA}/sobjects/{{kind}}", writes.create, host=INSTANCE, scopes=api),
            Route("GET", _ROW, writes.get, host=INSTANCE, scopes=api),
            Route("PATCH", _ROW, writes.update, host=INSTANCE, scopes=api),
            Route("DELETE", _ROW, writes.delete, host=INSTANCE, scopes=api),
            Route("PATCH", f"{_DATA}/sobjects/{{kind}}/{{field}}/{{value}}", writes.upsert, host=INSTANCE, scopes=api),
        ),
        problems=problems,
        credentials=credentials(),
        oauth=oauth(world),
        windows=windows,
        window_headers=window_headers,
        headers=headers,
        check=reading.version_gone,
        records=("records",),
    )
