"""The Admin API: accounts and properties, key events, custom dimensions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sandbox.google import problem, stale_token
from sandbox.google_analytics.figures import AGE, CURRENCY, ZONE, owner
from sandbox.platform import BadBody, Call, Reply, json_reply
from sandbox.table import Row, Table
from sandbox.world import World, from_ms

ACCOUNT = "accounts/154271990"
FIRST = 213_025_502  # the number of the first property
_MOST = 200
_USUAL = 50
_EVENT_NAMES = ("purchase", "sign_up", "generate_lead", "download_größe", "start_trial", "book_demo")


def moment(ms: int) -> str:
    return f"{from_ms(ms):%Y-%m-%dT%H:%M:%S.%f}Z"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One list below a property: `shape(row)` gives its members, `settable` those that a patch may name, `fixed` those
    that only a create sets."""

    path: str
    table: Table
    shape: Callable[[Row], dict[str, Any]]
    fixed: tuple[str, ...]
    settable: tuple[str, ...]
    kept: Mapping[int, str] = field(default_factory=dict)

    def named(self, property_: str, row: Row) -> dict[str, Any]:
        return {"name": f"{property_}/{self.path}/{row.index + 1}", **self.shape(row), **row.fields}


class Admin:
    def __init__(self, world: World) -> None:
        self._world = world
        self.properties = Table(
            world,
            world.population("google_analytics properties", per_person=0, least=3, births=0, changes=0.1, deaths=0),
        )
        self.numbers = [str(FIRST + index) for index in range(3)]
        self.key_events = Kind(
            path="keyEvents",
            table=_table(world, "key_events"),
            shape=self._key_event,
            fixed=("eventName",),
            settable=("countingMethod", "defaultValue"),
        )
        self.dimensions = Kind(
            path="customDimensions",
            table=_table(world, "custom_dimensions"),
            shape=self._dimension,
            fixed=("parameterName", "scope"),
            settable=("displayName", "description", "disallowAdsPersonalization"),
        )

    # Accounts and properties

    def summaries(self, call: Call) -> Reply:
        one = {
            "name": ACCOUNT.replace("accounts", "accountSummaries"),
            "account": ACCOUNT,
            "displayName": owner(self._world),
            "propertySummaries": [
                {
                    "property": f"properties/{number}",
                    "displayName": self._property(number)["displayName"],
                    "propertyType": "PROPERTY_TYPE_ORDINARY",
                    "parent": ACCOUNT,
                    "canEdit": True,
                }
                for number in self.numbers[:2]
            ],
        }
        return _listed(call, "accountSummaries", [one])

    def list_properties(self, call: Call) -> Reply:
        if call.param("filter") != f"parent:{ACCOUNT}":
            return problem(400, "The filter must name a parent, an ancestor or a Firebase project.")
        numbers = self.numbers if call.param("showDeleted") == "true" else self.numbers[:2]
        return _listed(call, "properties", [self._property(number) for number in numbers])

    def property(self, call: Call) -> Reply:
        number = call.args["property"]
        return json_reply(self._property(number)) if number in self.numbers else _hidden()

    def patch_property(self, call: Call) -> Reply:
        number = call.args["property"]
        if number not in self.numbers:
            return _hidden()
        settable = ("displayName", "timeZone", "currencyCode", "industryCategory")
        changes = _masked(call, settable)
        if isinstance(changes, Reply):
            return changes
        self.properties.change(int(number) - FIRST, changes)
        return json_reply(self._property(number))

    def _property(self, number: str) -> dict[str, Any]:
        index = int(number) - FIRST
        row = self.properties.row(index)
        assert row is not None
        created = from_ms(self._world.start_ms) - timedelta(days=AGE)
        found = {
            "name": f"properties/{number}",
            "parent": ACCOUNT,
            "createTime": f"{created:%Y-%m-%dT%H:%M:%S.%f}Z",
            "updateTime": moment(row.changed),
            "displayName": f"{owner(self._world)} {('Web', 'App', 'Alt')[index]}",
            "industryCategory": "TECHNOLOGY",
            "timeZone": ZONE,
            "currencyCode": CURRENCY,
            "serviceLevel": "GOOGLE_ANALYTICS_STANDARD",
            "account": ACCOUNT,
            "propertyType": "PROPERTY_TYPE_ORDINARY",
            **row.fields,
        }
        if index == len(self.numbers) - 1:
            found |= {"deleteTime": moment(self._world.start_ms), "expireTime": "2027-01-01T00:00:00Z"}
        return found

    # What belongs to a property

    def list_of(self, kind: Kind) -> Callable[[Call], Reply]:
        def handle(call: Call) -> Reply:
            number = call.args["property"]
            if number not in self.numbers:
                return _hidden()
            # All that happens, happens to the first property.
            indices = kind.table.indices() if number == self.numbers[0] else []
            rows = [kind.table.row(index) for index in indices]
            return _listed(call, kind.path, [kind.named(f"properties/{number}", row) for row in rows if row])

        return handle

    def create_of(self, kind: Kind) -> Callable[[Call], Reply]:
        def handle(call: Call) -> Reply:
            body = call.json()
            if not isinstance(body, dict) or not all(body.get(name) for name in kind.fixed):
                return problem(400, f"The fields {', '.join(kind.fixed)} are required.")
            unknown = sorted(set(body) - {*kind.fixed, *kind.settable})
            if unknown:
                return problem(400, f"Unknown or read-only field {unknown[0]}.")
            for index in kind.table.indices():
                row = kind.table.row(index)
                if row and {**kind.shape(row), **row.fields}.get(kind.fixed[0]) == body[kind.fixed[0]]:
                    return problem(409, "Requested entity already exists")
            row = kind.table.create(body)
            return json_reply(kind.named(f"properties/{call.args['property']}", row))

        return handle

    def one_of(self, kind: Kind) -> Callable[[Call], Reply]:
        def handle(call: Call) -> Reply:
            row = _found(kind, call)
            return json_reply(kind.named(f"properties/{call.args['property']}", row)) if row else _hidden(404)

        return handle

    def patch_of(self, kind: Kind) -> Callable[[Call], Reply]:
        def handle(call: Call) -> Reply:
            row = _found(kind, call)
            if row is None:
                return _hidden(404)
            changes = _masked(call, kind.settable)
            if isinstance(changes, Reply):
                return changes
            return json_reply(kind.named(f"properties/{call.args['property']}", kind.table.change(row.index, changes)))

        return handle

    def remove_of(self, kind: Kind) -> Callable[[Call], Reply]:
        """Deletes, or archives: then it is no longer listed either."""

        def handle(call: Call) -> Reply:
            row = _found(kind, call)
            if row is None:
                return _hidden(404)
            kind.table.delete(row.index)
            return json_reply({})

        return handle

    def _key_event(self, row: Row) -> dict[str, Any]:
        if row.written:
            return {"createTime": moment(row.created), "custom": True, "deletable": True}
        name = _EVENT_NAMES[row.index % len(_EVENT_NAMES)]
        found: dict[str, Any] = {
            "eventName": name if row.index < len(_EVENT_NAMES) else f"{name}_{row.index}",
            "createTime": moment(row.created),
            "deletable": row.index > 0,
            "custom": row.index > 0,
            "countingMethod": ("ONCE_PER_EVENT", "ONCE_PER_SESSION")[row.version % 2],
        }
        if row.index % 3 == 0:
            found["defaultValue"] = {"numericValue": 9.5 + row.version, "currencyCode": CURRENCY}
        return found

    def _dimension(self, row: Row) -> dict[str, Any]:
        if row.written:
            return {}
        return {
            "parameterName": f"plan_{row.index}",
            "displayName": f"Plan {row.index}.{row.version}",
            "description": "Der gewählte Tarif",
            "scope": ("EVENT", "USER", "ITEM")[row.index % 3],
            "disallowAdsPersonalization": row.index % 2 == 1,
        }


def _table(world: World, name: str) -> Table:
    return Table(
        world, world.population(f"google_analytics {name}", per_person=0.2, least=6, births=0.02, changes=0.05)
    )


def _found(kind: Kind, call: Call) -> Row | None:
    number = call.args["id"]
    return kind.table.existing(int(number) - 1) if number.isdigit() else None


def _hidden(status: int = 403) -> Reply:
    if status == 404:
        return problem(404, "Requested entity was not found.")
    return problem(403, "The caller does not have permission")


def _masked(call: Call, settable: tuple[str, ...]) -> dict[str, Any] | Reply:
    """The members of the body that `updateMask` names."""
    body, mask = call.json(), [name for name in call.param("updateMask").split(",") if name]
    if not isinstance(body, dict):
        raise BadBody("Root element must be a message.")
    if not mask:
        return problem(400, "The field mask must not be empty.")
    wrong = [name for name in mask if name not in settable and name != "*"]
    if wrong:
        return problem(400, f"The field {wrong[0]} of the field mask cannot be updated.")
    return {name: body[name] for name in body if name in mask or "*" in mask}


def _listed(call: Call, name: str, found: list[dict[str, Any]]) -> Reply:
    """One page; an empty list is left out, and so is the last token."""
    given = call.param("pageSize", "0")
    size = min(_MOST, int(given) if given.isdigit() and int(given) else _USUAL)
    token = call.param("pageToken", "p0")
    if not (token[:1] == "p" and token[1:].isdigit()):
        return stale_token(call)
    begin = int(token[1:])
    page = found[begin : begin + size]
    body: dict[str, Any] = {name: page} if page else {}
    if begin + size < len(found):
        body["nextPageToken"] = f"p{begin + size}"
    return json_reply(body)
