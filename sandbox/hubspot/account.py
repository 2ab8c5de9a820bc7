"""The account itself: its details, owners, property definitions and pipelines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox import people
from sandbox.hubspot.dialect import HOST, PORTAL, error, invalid
from sandbox.hubspot.objects import STAGES, ObjectType, iso, owner_id, owners_count
from sandbox.platform import Call, Reply, json_reply
from sandbox.world import DAY_MS, World

EPOCH = "1970-01-01T00:00:00Z"
READ_ONLY = frozenset({"createdate", "lastmodifieddate", "hs_lastmodifieddate", "hs_object_id"})


class Account:
    def __init__(self, world: World, catalog: Mapping[str, ObjectType]) -> None:
        self._world = world
        self._catalog = catalog

    def details(self, call: Call) -> Reply:
        return json_reply(
            {
                "portalId": int(PORTAL),
                "accountType": "STANDARD",
                "timeZone": "US/Eastern",
                "companyCurrency": "USD",
                "additionalCurrencies": [],
                "utcOffset": "-04:00",
                "utcOffsetMilliseconds": -14_400_000,
                "uiDomain": "app.hubspot.com",
                "dataHostingLocation": "na1",
            }
        )

    def owners(self, call: Call) -> Reply:
        limit, after = call.param("limit", "100"), call.param("after", "0")
        if not limit.isdigit() or not after.isdigit() or not 1 <= int(limit) <= 500:
            return invalid(call, "limit must be between 1 and 500")
        wanted = call.param("email").lower()
        everyone = (
            [] if call.param("archived") == "true" else [self._owner(i) for i in range(owners_count(self._world))]
        )
        found = [owner for owner in everyone if not wanted or str(owner["email"]).lower() == wanted]
        begin, end = int(after), int(after) + int(limit)
        body: dict[str, Any] = {"results": found[begin:end]}
        if end < len(found):
            link = f"https://{HOST}{call.path}?limit={limit}&after={end}"
            body["paging"] = {"next": {"after": str(end), "link": link}}
        return json_reply(body)

    def _owner(self, index: int) -> dict[str, Any]:
        who = people.person(self._world, index)
        born = self._world.start_ms - (400 - index) * DAY_MS
        number = owner_id(index)
        return {
            "id": str(number),
            "email": f"{who.email.partition('@')[0]}@sandbox.example",
            "type": "PERSON",
            "firstName": who.first,
            "lastName": who.last,
            "userId": number,
            "userIdIncludingInactive": number,
            "createdAt": iso(born),
            "updatedAt": iso(born + 7 * DAY_MS),
            "archived": False,
        }

    def may_read_schema(self, call: Call) -> tuple[str, ...]:
        name = call.args["type"]
        return ("tickets",) if name == "tickets" else (f"crm.schemas.{name}.read",)

    def properties(self, call: Call) -> Reply:
        kind = self._catalog.get(call.args["type"])
        if kind is None:
            return error(call, 404, "OBJECT_NOT_FOUND", f"Unable to infer object type from: {call.args['type']}")
        return json_reply({"results": [self._property(kind, name, sort) for name, sort in kind.kinds.items()]})

    def _property(self, kind: ObjectType, name: str, sort: str) -> dict[str, Any]:
        fixed = name in READ_ONLY
        fields = {"string": "text", "number": "number", "datetime": "date", "enumeration": "select"}
        return {
            "updatedAt": EPOCH,
            "createdAt": EPOCH,
            "name": name,
            "label": name.removeprefix("hs_").replace("_", " ").capitalize(),
            "type": sort,
            "fieldType": fields.get(sort, "booleancheckbox"),
            "description": "",
            "groupName": f"{kind.singular}information",
            "options": [],
            "displayOrder": -1,
            "calculated": False,
            "externalOptions": name == "hubspot_owner_id",
            "hasUniqueValue": name == kind.unique or name == "hs_object_id",
            "hidden": False,
            "hubspotDefined": True,
            "archived": False,
            "modificationMetadata": {"archivable": False, "readOnlyDefinition": True, "readOnlyValue": fixed},
            "formField": not fixed,
            "dataSensitivity": "non_sensitive",
        }

    def may_read_pipelines(self, call: Call) -> tuple[str, ...]:
        return ("tickets",) if call.args["type"] == "tickets" else ("crm.objects.deals.read",)

    def pipelines(self, call: Call) -> Reply:
        stages = {"deals": STAGES, "tickets": ("1", "2", "3", "4")}.get(call.args["type"])
        if stages is None:
            return json_reply({"results": []})
        closed = {"closedwon", "closedlost", "4"}
        return json_reply(
            {
                "results": [
                    {
                        "label": "Sales Pipeline" if call.args["type"] == "deals" else "Support Pipeline",
                        "displayOrder": 0,
                        "id": "default" if call.args["type"] == "deals" else "0",
                        "stages": [
                            {
                                "label": stage.capitalize(),
                                "displayOrder": place,
                                "metadata": _stage_metadata(call.args["type"], stage, place, stage in closed),
                                "id": stage,
                                "createdAt": EPOCH,
                                "updatedAt": EPOCH,
                                "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
                                "archived": False,
                            }
                            for place, stage in enumerate(stages)
                        ],
                        "createdAt": EPOCH,
                        "updatedAt": EPOCH,
                        "archived": False,
                    }
                ]
            }
        )


def _stage_metadata(kind: str, stage: str, place: int, closed: bool) -> dict[str, str]:
    if kind == "tickets":
        return {"ticketState": "CLOSED" if closed else "OPEN", "isClosed": str(closed).lower()}
    probability = {"closedwon": 1.0, "closedlost": 0.0}.get(stage, 0.2 * (place + 1))
    return {"isClosed": str(closed).lower(), "probability": f"{probability:.1f}"}
