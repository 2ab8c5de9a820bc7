"""Single records: read, created, changed, deleted, and upserted by an external id.

developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest (using_resources_working_with_records,
dome_upsert, intro_rest_conditional_requests).
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any, Final

from sandbox.platform import BadBody, Call, Reply, empty_reply, json_reply
from sandbox.salesforce.dialect import error, lost
from sandbox.salesforce.objects import Kind
from sandbox.salesforce.reading import Reading
from sandbox.table import Row
from sandbox.world import World, from_ms

_KIND: Final = "application/json;charset=UTF-8"


class Refusal(Exception):
    """A call that is refused; carries the reply."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


class Writes:
    def __init__(self, world: World, reading: Reading) -> None:
        self._world = world
        self._reading = reading

    def get(self, call: Call) -> Reply:
        try:
            kind = self._kind(call)
            row = self._row(call, kind)
            self._unless_changed(call, kind, row)
        except Refusal as refusal:
            return refusal.reply
        body = self._reading.shown(call, kind, row, tuple(self._reading.seen(kind)))
        headers = {"last-modified": format_datetime(from_ms(kind.stamp(row)), usegmt=True)}
        if kind.name == "Account":
            digest = hashlib.sha256(repr(sorted(body.items(), key=str)).encode()).digest()
            headers["etag"] = f'"{b64encode(digest).decode()}--gzip"'
        return json_reply(body, headers=headers, kind=_KIND)

    def create(self, call: Call) -> Reply:
        try:
            kind = self._kind(call)
            return self._made(call, kind, self._members(call, kind))
        except Refusal as refusal:
            return refusal.reply

    def update(self, call: Call) -> Reply:
        try:
            kind = self._kind(call)
            row = self._row(call, kind)
            self._unless_changed(call, kind, row)
            kind.table.change(row.index, self._members(call, kind))
        except Refusal as refusal:
            return refusal.reply
        return empty_reply(204)

    def delete(self, call: Call) -> Reply:
        try:
            kind = self._kind(call)
            row = self._row(call, kind)
        except Refusal as refusal:
            return refusal.reply
        if not kind.deletable:
            return error(400, "CANNOT_DELETE_MANAGED_OBJECT", f"{kind.name} cannot be deleted", [])
        kind.table.delete(row.index)
        return empty_reply(204)

    def upsert(self, call: Call) -> Reply:
        """201 for a record that was made, 200 for one that was changed, 300 where several have the value."""
        try:
            kind, field = self._kind(call), call.args["field"]
            found = self._having(kind, field, call.args["value"])
            members = self._members(call, kind)
            if {field, "Id"} & members.keys():
                return error(
                    400, "INVALID_FIELD", f"The {field} field should not be specified in the sobject data.", [field]
                )
            if len(found) > 1:
                version = call.args["version"]
                urls = [f"/services/data/v{version}/sobjects/{kind.name}/{kind.id_of(row.index)}" for row in found]
                return json_reply(urls, status=300, kind=_KIND)
            if not found:
                return self._made(call, kind, {**members, field: call.args["value"]}, created=True)
            kind.table.change(found[0].index, members)
        except Refusal as refusal:
            return refusal.reply
        return json_reply(_done(kind, found[0], created=False), kind=_KIND)

    def _made(self, call: Call, kind: Kind, members: Mapping[str, Any], **more: bool) -> Reply:
        missing = [name for name in kind.required if members.get(name) in (None, "")]
        if missing:
            text = f"Required fields are missing: [{', '.join(missing)}]"
            raise Refusal(error(400, "REQUIRED_FIELD_MISSING", text, missing))
        row = kind.table.create(members)
        headers = {"location": f"/services/data/v{call.args['version']}/sobjects/{kind.name}/{kind.id_of(row.index)}"}
        return json_reply(_done(kind, row, **more), status=201, headers=headers, kind=_KIND)

    def _having(self, kind: Kind, field: str, value: str) -> list[Row]:
        if field not in (*kind.lookups, "Id"):
            text = f"Provided external ID field does not exist or is not accessible: {field}"
            raise Refusal(error(404, "NOT_FOUND", text))
        rows = (kind.table.existing(index) for index in kind.table.indices())
        return [row for row in rows if row is not None and kind.record(self._world, row)[field] == value]

    def _kind(self, call: Call) -> Kind:
        kind = self._reading.kinds.get(call.args["kind"])
        if kind is None:
            raise Refusal(lost())
        return kind

    def _row(self, call: Call, kind: Kind) -> Row:
        index = kind.index_of(call.args["id"])
        row = kind.table.row(index) if index is not None else None
        if row is None:
            raise Refusal(lost())
        if row.deleted is not None:
            raise Refusal(error(404, "ENTITY_IS_DELETED", "entity is deleted", []))
        return row

    def _unless_changed(self, call: Call, kind: Kind, row: Row) -> None:
        since = call.headers.get("if-unmodified-since")
        if since and parsedate_to_datetime(since) < from_ms(kind.stamp(row)):
            raise Refusal(error(412, "PRECONDITION_FAILED", "Resource has been modified since the time given."))

    def _members(self, call: Call, kind: Kind) -> dict[str, Any]:
        members = call.json()
        if not isinstance(members, dict):
            raise BadBody("Unexpected parameter encountered during deserialization.")
        given = {name: value for name, value in members.items() if name != "attributes"}
        unknown = [name for name in given if name not in self._reading.seen(kind)]
        if unknown:
            text = f"No such column '{unknown[0]}' on sobject of type {kind.name}"
            raise Refusal(error(400, "INVALID_FIELD", text))
        fixed = [name for name in given if name in kind.fixed]
        if fixed:
            text = (
                f"Unable to create/update fields: {', '.join(fixed)}. Please check the security settings of this field."
            )
            raise Refusal(error(400, "INVALID_FIELD_FOR_INSERT_UPDATE", text, fixed))
        return given


def _done(kind: Kind, row: Row, **more: bool) -> dict[str, Any]:
    return {"id": kind.id_of(row.index), "success": True, "errors": [], **more}
