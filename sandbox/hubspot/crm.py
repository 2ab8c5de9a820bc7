"""Reading CRM objects: list, get, search, batch read, associations.

developers.hubspot.com/docs/api-reference/latest/crm/objects
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from sandbox import people
from sandbox.hubspot.dialect import HOST, error, invalid
from sandbox.hubspot.objects import STEP, ObjectType, Values, index_of_email, iso, make_types
from sandbox.hubspot.search import CEILING, PAGE, Refused, Search
from sandbox.platform import BadBody, Call, Reply, json_reply
from sandbox.table import Row
from sandbox.world import World

LIST_PAGE, BATCH = 100, 100
LINKS = {
    ("contacts", "companies"): 1,
    ("companies", "contacts"): 2,
    ("deals", "contacts"): 3,
    ("deals", "companies"): 5,
    ("tickets", "contacts"): 16,
}  # HubSpot's association type ids


class Crm:
    def __init__(self, world: World) -> None:
        self._world = world
        self.catalog = make_types(world)
        self._searches = {name: Search(world, kind) for name, kind in self.catalog.items()}

    def may_read(self, call: Call) -> tuple[str, ...]:
        name = call.args["type"]
        return ("tickets",) if name == "tickets" else (f"crm.objects.{name}.read",)

    def may_associate(self, call: Call) -> tuple[str, ...]:
        """Both ends have to be readable."""
        names = (call.args["type"], call.args["to"])
        return tuple("tickets" if name == "tickets" else f"crm.objects.{name}.read" for name in names)

    # Reading

    def list_objects(self, call: Call) -> Reply:
        kind = self.kind_of(call)
        if kind is None:
            return no_type(call)
        limit, after = call.param("limit", "10"), call.param("after", "0")
        if not limit.isdigit() or not 1 <= int(limit) <= LIST_PAGE:
            return invalid(call, f"limit must be between 1 and {LIST_PAGE}")
        if not after.isdigit():
            return invalid(call, "The after parameter is not valid.")
        indices = kind.table.indices(deleted=call.param("archived") == "true")
        # The cursor is the id to go on from: what is born or archived meanwhile does not shift the pages.
        from_index = -(-(int(after) - kind.base) // STEP) if int(after) else 0
        begin = bisect_left(indices, from_index)
        page = indices[begin : begin + int(limit)]
        body: dict[str, Any] = {"results": [self._shown(call, kind, index) for index in page]}
        if begin + len(page) < len(indices):
            cursor = kind.id_of(indices[begin + len(page)])
            rest = [(name, value) for name, value in call.params if name != "after"]
            link = f"https://{HOST}{call.path}?{urlencode([*rest, ('after', cursor)])}"
            body["paging"] = {"next": {"after": cursor, "link": link}}
        return json_reply(body, kind="application/json;charset=utf-8")

    def get(self, call: Call) -> Reply:
        kind = self.kind_of(call)
        row = self.addressed(call, kind, deleted=call.param("archived") == "true") if kind else None
        if kind is None or row is None:
            return no_object(call)
        return json_reply(self._shown(call, kind, row.index))

    def search(self, call: Call) -> Reply:
        kind = self.kind_of(call)
        if kind is None:
            return no_type(call)
        body = object_of(call)
        limit, after = body.get("limit", 10), body.get("after") or "0"
        if not isinstance(limit, int) or not 0 <= limit <= PAGE:
            return invalid(call, f"limit must be between 0 and {PAGE}")
        if not str(after).isdigit():
            return invalid(call, "after must be a number")
        begin = int(after)
        if begin + limit > CEILING:
            return invalid(call, f"Paging past {CEILING} results of one search is not supported.")
        try:
            found = self._searches[kind.name].find(body)
        except Refused as why:
            return invalid(call, f"There was a problem with the request. {why}")
        names = body.get("properties") or []
        page = found[begin : begin + limit]
        answer: dict[str, Any] = {
            "total": len(found),
            "results": [self.record(kind, self.row(kind, index), names) for index in page],
        }
        if begin + len(page) < len(found):
            answer["paging"] = {"next": {"after": str(begin + len(page))}}
        return json_reply(answer, kind="application/json;charset=utf-8")

    def associations(self, call: Call) -> Reply:
        """POST /crm/v4/associations/{from}/{to}/batch/read"""
        kind, number = self.kind_of(call), LINKS.get((call.args["type"], call.args["to"]))
        if kind is None:
            return no_type(call)
        results = []
        for one in inputs_of(call):
            row = self.live(kind, str(one.get("id", "")))
            to = [
                {"toObjectId": int(identity), "associationTypes": [_link_type(number)]}
                for identity in (self._linked(kind, row, call.args["to"]) if row else [])
            ]
            if to:
                results.append({"from": {"id": str(one["id"])}, "to": to})
        return json_reply(self.batch(results))

    def batch_read(self, call: Call) -> Reply:
        body, kind = object_of(call), self.kind_of(call)
        if kind is None:
            return no_type(call)
        names = body.get("properties") or []
        found, gone = [], []
        for one in inputs_of(call):
            row = self.live(kind, str(one.get("id", "")), str(body.get("idProperty") or ""))
            if row is None:
                gone.append(str(one.get("id", "")))
            else:
                found.append(self.record(kind, row, names))
        return self.batch_reply(found, lost(kind, gone))

    # What these are made of

    def kind_of(self, call: Call) -> ObjectType | None:
        return self.catalog.get(call.args["type"])

    def row(self, kind: ObjectType, index: int) -> Row:
        row = kind.table.row(index)
        assert row is not None
        return row

    def live(self, kind: ObjectType, identity: str, by: str = "") -> Row | None:
        by_email = by and by == kind.unique
        index = index_of_email(self._world, kind, identity) if by_email else kind.index_of(identity)
        return None if index is None else kind.table.existing(index)

    def addressed(self, call: Call, kind: ObjectType | None, *, deleted: bool = False) -> Row | None:
        if kind is None:
            return None
        if not deleted:
            return self.live(kind, call.args["id"], call.param("idProperty"))
        index = kind.index_of(call.args["id"])
        row = None if index is None else kind.table.row(index)
        return row if row is not None and row.deleted is not None else None

    def record(self, kind: ObjectType, row: Row, names: Iterable[str]) -> dict[str, Any]:
        """With the properties asked for, else the few that come by themselves; unknown names are passed over."""
        values = kind.properties(self._world, row)
        asked = [name for name in names if name in kind.kinds]
        always = ("createdate", "hs_object_id", kind.cursor)
        shown: Values = {name: values.get(name) for name in ((*asked, *always) if asked else kind.defaults)}
        return kind.record(row, shown)

    def whole(self, kind: ObjectType, row: Row) -> dict[str, Any]:
        values = kind.properties(self._world, row)
        return kind.record(row, {name: value for name, value in values.items() if value is not None})

    def _shown(self, call: Call, kind: ObjectType, index: int) -> dict[str, Any]:
        names = [name for value in call.params_of("properties") for name in value.split(",")]
        row = self.row(kind, index)
        record = self.record(kind, row, names)
        wanted = [name for value in call.params_of("associations") for name in value.split(",")]
        linked = {}
        for to in wanted:
            kind_of_link = f"{kind.singular}_to_{self.catalog[to].singular}" if to in self.catalog else ""
            results = [{"id": identity, "type": kind_of_link} for identity in self._linked(kind, row, to)]
            if results:
                linked[to] = {"results": results}
        return {**record, "associations": linked} if linked else record

    def _linked(self, kind: ObjectType, row: Row, to: str) -> list[str]:
        """Contacts belong to the company that they work for, deals and tickets to a contact and its company."""
        if row.written or (kind.name, to) not in LINKS:
            return []
        companies, contacts = self.catalog["companies"], self.catalog["contacts"]
        if kind.name in ("deals", "tickets") and to == "contacts":
            index = row.index % self._world.scale
            return [contacts.id_of(index)] if contacts.table.existing(index) else []
        if to == "companies":
            index = people.person(self._world, row.index % self._world.scale).company.index
            return [companies.id_of(index)] if companies.table.existing(index) else []
        employed = [i for i in contacts.table.indices() if i < self._world.scale]
        return [contacts.id_of(i) for i in employed if people.person(self._world, i).company.index == row.index]

    def batch(self, results: list[dict[str, Any]]) -> dict[str, Any]:
        now = iso(self._world.clock.ms())
        return {"status": "COMPLETE", "results": results, "startedAt": now, "completedAt": now}

    def batch_reply(self, results: list[dict[str, Any]], errors: list[dict[str, Any]]) -> Reply:
        if not errors:
            return json_reply(self.batch(results))
        return json_reply({**self.batch(results), "numErrors": len(errors), "errors": errors}, status=207)


def object_of(call: Call) -> dict[str, Any]:
    body = call.json()
    if not isinstance(body, dict):
        raise BadBody("the body is an object")
    return body


def inputs_of(call: Call) -> list[dict[str, Any]]:
    """The inputs of a batch. Raises BadBody for too many or none."""
    inputs = object_of(call).get("inputs")
    if not isinstance(inputs, list) or not all(isinstance(one, dict) for one in inputs):
        raise BadBody("inputs is a list of objects")
    if len(inputs) > BATCH:
        raise BadBody(f"The maximum number of inputs supported in a batch request is {BATCH}")
    return inputs


def _link_type(number: int | None) -> dict[str, Any]:
    return {"category": "HUBSPOT_DEFINED", "typeId": number, "label": "Primary"}


def no_type(call: Call) -> Reply:
    return invalid(call, f"Unable to infer object type from: {call.args['type']}")


def no_object(call: Call) -> Reply:
    return error(call, 404, "OBJECT_NOT_FOUND", "Object not found.", context={"id": [call.args["id"]]})


def lost(kind: ObjectType, ids: list[str]) -> list[dict[str, Any]]:
    if not ids:
        return []
    text = f"Could not get some {kind.singular.upper()} objects, they may be deleted or not exist."
    return [{"status": "error", "category": "OBJECT_NOT_FOUND", "message": text, "context": {"ids": ids}}]
