"""Reading: versions, descriptions, queries page by page, limits, who one is.

developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest (resources_query, resources_queryall, sobject_describe,
limits); the forms are those of the recorded replies.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final

from sandbox.platform import Call, Reply, json_reply
from sandbox.salesforce.dialect import CALLS_A_DAY, INSTANCE, LOGIN, ORGANIZATION, USER, error, lost
from sandbox.salesforce.objects import BIN_MS, Kind, Values
from sandbox.salesforce.soql import Malformed, Query, parse
from sandbox.table import Row
from sandbox.world import World, from_ms

OLDEST, NEWEST = 31, 67
_PAGE: Final = 2000
_SMALLEST: Final = 200
_CURSORS: Final = 10  # how many a user may have open: one more, and the oldest is forgotten
_BIG: Final = {"DataStorageMB": 1024, "FileStorageMB": 1024, "DailyBulkApiBatches": 15_000, "SingleEmail": 5000}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cursor:
    query: Query
    kind: Kind
    found: tuple[int, ...]
    size: int


class Reading:
    """`hidden` are fields, such as Account.Rating, that the user's rights do not let be seen."""

    def __init__(self, world: World, kinds: dict[str, Kind]) -> None:
        self._world = world
        self.kinds = kinds
        self.hidden: set[str] = set()
        self._cursors: dict[str, _Cursor] = {}
        self._serial = 0

    def version_gone(self, call: Call) -> Reply | None:
        """Versions that are not, or no longer, served."""
        found = re.match(r"/services/data/v(\d+)\.0/", call.path)
        if found is None or OLDEST <= int(found[1]) <= NEWEST:
            return None
        if int(found[1]) < OLDEST:
            return error(410, "UNSUPPORTED_API_VERSION", "The requested API version is no longer supported")
        return lost()

    def versions(self, call: Call) -> Reply:
        seasons = ("Spring", "Summer", "Winter")  # v31 is Summer '14, v32 Winter '15
        return json_reply(
            [
                {
                    "label": f"{seasons[number % 3]} '{(number + 13) // 3}",
                    "url": f"/services/data/v{number}.0",
                    "version": f"{number}.0",
                }
                for number in range(OLDEST, NEWEST + 1)
            ]
        )

    def userinfo(self, call: Call) -> Reply:
        return json_reply(
            {
                "sub": f"https://{LOGIN}/id/{ORGANIZATION}/{USER}",
                "user_id": USER,
                "organization_id": ORGANIZATION,
                "preferred_username": "integration@sandbox.example",
                "nickname": "integration",
                "name": "Integration",
                "email": "integration@sandbox.example",
                "email_verified": True,
                "zoneinfo": "America/Los_Angeles",
                "photos": {"picture": f"https://{INSTANCE}/profilephoto/005/F"},
                "profile": f"https://{INSTANCE}/{USER}",
                "active": True,
                "user_type": "STANDARD",
                "language": "en_US",
                "locale": "en_US",
                "utcOffset": -28_800_000,
                "updated_at": "2026-05-06T09:49:19Z",
            }
        )

    def limits(self, call: Call) -> Reply:
        used = self._serial % CALLS_A_DAY
        daily = {"Max": CALLS_A_DAY, "Remaining": CALLS_A_DAY - used}
        return json_reply({"DailyApiRequests": daily, **{n: {"Max": m, "Remaining": m - 1} for n, m in _BIG.items()}})

    def describe(self, call: Call) -> Reply:
        kind = self.kinds.get(call.args["kind"])
        if kind is None:
            return lost()
        described = {
            "name": kind.name,
            "label": kind.name,
            "labelPlural": f"{kind.name}s",
            "keyPrefix": kind.prefix,
            "custom": False,
            "createable": True,
            "updateable": True,
            "deletable": kind.deletable,
            "queryable": True,
            "childRelationships": [],
            "recordTypeInfos": [],
            "urls": {"sobject": f"/services/data/v{call.args['version']}/sobjects/{kind.name}"},
        }
        return json_reply({**described, "fields": [self._field(kind, name) for name in self.seen(kind)]})

    def seen(self, kind: Kind) -> list[str]:
        return [name for name in kind.fields if f"{kind.name}.{name}" not in self.hidden]

    def _field(self, kind: Kind, name: str) -> dict[str, Any]:
        sort, fixed = kind.fields[name], name in kind.fixed
        return {
            "name": name,
            "label": name,
            "type": sort,
            "createable": not fixed,
            "updateable": not fixed,
            "nillable": name not in kind.required and not fixed,
            "externalId": name.endswith("__c") and name in kind.lookups,
            "idLookup": name == "Id" or name in kind.lookups,
            "custom": name.endswith("__c"),
            "calculated": False,
            "filterable": sort != "textarea",
            "sortable": sort != "textarea",
            "deprecatedAndHidden": False,
            "length": 255 if sort == "string" else 0,
            "picklistValues": [],
            "referenceTo": [],
            "compoundFieldName": None,
        }

    def query(self, call: Call) -> Reply:
        return self._begin(call, deleted=False)

    def query_all(self, call: Call) -> Reply:
        return self._begin(call, deleted=True)

    def more(self, call: Call) -> Reply:
        name, _, offset = call.args["locator"].rpartition("-")
        cursor = self._cursors.get(name)
        if cursor is None or not offset.isdigit():
            return error(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        return self._page(call, name, cursor, int(offset))

    def _begin(self, call: Call, *, deleted: bool) -> Reply:
        try:
            asked = parse(call.param("q"))
        except Malformed as why:
            return error(400, "MALFORMED_QUERY", str(why))
        kind = self.kinds.get(asked.kind)
        if kind is None:
            text = f"sObject type '{asked.kind}' is not supported."
            return error(400, "INVALID_TYPE", text)
        unseen = [name for name in (*asked.fields, *asked.used) if name not in self.seen(kind)]
        if unseen:
            return error(400, "INVALID_FIELD", f"No such column '{unseen[0]}' on entity '{kind.name}'.")
        rows = [row for row in self._rows(kind, deleted) if asked.holds(partial(self._value, kind, row))]
        for name, descending in reversed(asked.order):
            rows = self._ordered(kind, rows, name, descending)
        found = tuple(row.index for row in rows[: asked.limit])
        wanted = re.search(r"batchSize=(\d+)", call.headers.get("sforce-query-options", ""))
        size = min(_PAGE, max(_SMALLEST, int(wanted[1]) if wanted else _PAGE))
        # Fewer may come than were asked for, as rows are wide: a small world has several pages, too.
        size = min(size, max(20, self._world.scale // 3))
        self._serial += 1
        name = f"0r8Sb{self._serial:012d}"
        self._cursors[name] = cursor = _Cursor(query=asked, kind=kind, found=found, size=size)
        for old in list(self._cursors)[:-_CURSORS]:
            del self._cursors[old]
        return self._page(call, name, cursor, 0)

    def _page(self, call: Call, name: str, cursor: _Cursor, offset: int) -> Reply:
        """What was found when the question was asked, with the values of now."""
        end = offset + cursor.size
        rows = (cursor.kind.table.row(index) for index in cursor.found[offset:end])
        body: dict[str, Any] = {"totalSize": len(cursor.found), "done": end >= len(cursor.found)}
        if not body["done"]:
            body["nextRecordsUrl"] = f"/services/data/v{call.args['version']}/query/{name}-{end}"
        body["records"] = [self.shown(call, cursor.kind, row, cursor.query.fields) for row in rows if row is not None]
        return json_reply(body, kind="application/json;charset=UTF-8")

    def shown(self, call: Call, kind: Kind, row: Row, fields: tuple[str, ...]) -> Values:
        values = kind.record(self._world, row)
        url = f"/services/data/v{call.args['version']}/sobjects/{kind.name}/{values['Id']}"
        return {"attributes": {"type": kind.name, "url": url}, **{name: values[name] for name in fields}}

    def _ordered(self, kind: Kind, rows: list[Row], name: str, descending: bool) -> list[Row]:
        return sorted(rows, key=lambda row: _rank(self._value(kind, row, name)), reverse=descending)

    def _rows(self, kind: Kind, deleted: bool) -> Iterator[Row]:
        there = kind.table.indices()
        for index in [*there, *(kind.table.indices(deleted=True) if deleted else ())]:
            row = kind.table.row(index)
            if row is not None and (row.deleted is None or self._world.clock.ms() - row.deleted < BIN_MS):
                yield row

    def _value(self, kind: Kind, row: Row, name: str) -> Any:
        if name == "SystemModstamp":
            return from_ms(kind.stamp(row))
        if name == "Id":
            return kind.id_of(row.index)
        value = kind.record(self._world, row)[name]
        return datetime.fromisoformat(value) if kind.fields[name] == "datetime" and value else value


def _rank(value: Any) -> tuple[bool, Any]:
    return (value is not None, value if value is not None else 0)
