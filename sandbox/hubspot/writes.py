"""Writing CRM objects: create, update, archive, and batches of at most 100.

developers.hubspot.com/docs/api-reference/latest/crm/objects; a batch answers 207 where some of it failed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sandbox.hubspot.account import READ_ONLY
from sandbox.hubspot.crm import Crm, inputs_of, lost, no_object, no_type, object_of
from sandbox.hubspot.dialect import error, invalid
from sandbox.hubspot.objects import ObjectType, Values, index_of_email
from sandbox.platform import Call, Reply, empty_reply, json_reply
from sandbox.table import Row
from sandbox.world import World


class Refusal(Exception):
    """A write that HubSpot refuses; carries the reply."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


class Writes:
    def __init__(self, world: World, crm: Crm) -> None:
        self._world = world
        self._crm = crm

    def allowed(self, call: Call) -> tuple[str, ...]:
        """The scopes that a write needs."""
        name = call.args["type"]
        return ("tickets",) if name == "tickets" else (f"crm.objects.{name}.write",)

    def create(self, call: Call) -> Reply:
        kind = self._crm.kind_of(call)
        if kind is None:
            return no_type(call)
        try:
            row = self._created(call, kind, object_of(call).get("properties"))
        except Refusal as refusal:
            return refusal.reply
        return json_reply(self._crm.whole(kind, row), status=201)

    def update(self, call: Call) -> Reply:
        kind = self._crm.kind_of(call)
        row = self._crm.addressed(call, kind) if kind else None
        if kind is None or row is None:
            return no_object(call)
        try:
            changed = self._changed(call, kind, row, object_of(call).get("properties"))
        except Refusal as refusal:
            return refusal.reply
        return json_reply(self._crm.whole(kind, changed))

    def archive(self, call: Call) -> Reply:
        kind = self._crm.kind_of(call)
        row = self._crm.addressed(call, kind, deleted=True) or self._crm.addressed(call, kind) if kind else None
        if kind is not None and row is not None:
            kind.table.delete(row.index)
        return empty_reply(204)

    # Batches of at most 100: 207 where some of it failed

    def batch_create(self, call: Call) -> Reply:
        kind = self._crm.kind_of(call)
        if kind is None:
            return no_type(call)
        # HubSpot refuses the whole batch for one bad input.
        made: list[Row] = []
        try:
            for one in inputs_of(call):
                made.append(self._created(call, kind, one.get("properties")))
        except Refusal as refusal:
            for row in made:
                kind.table.delete(row.index)
            return refusal.reply
        return json_reply(self._crm.batch([self._crm.whole(kind, row) for row in made]), status=201)

    def batch_update(self, call: Call) -> Reply:
        kind = self._crm.kind_of(call)
        if kind is None:
            return no_type(call)
        done, gone = [], []
        for one in inputs_of(call):
            row = self._crm.live(kind, str(one.get("id", "")), str(one.get("idProperty") or ""))
            if row is None:
                gone.append(str(one.get("id", "")))
                continue
            try:
                done.append(self._crm.whole(kind, self._changed(call, kind, row, one.get("properties"))))
            except Refusal as refusal:
                return refusal.reply
        return self._crm.batch_reply(done, lost(kind, gone))

    def batch_upsert(self, call: Call) -> Reply:
        kind = self._crm.kind_of(call)
        if kind is None:
            return no_type(call)
        inputs = inputs_of(call)
        for one in inputs:
            if one.get("idProperty", "hs_object_id") not in ("hs_object_id", kind.unique):
                return invalid(call, f"{one.get('idProperty')} is not a unique property of {kind.name}")
        results, errors = [], []
        for one in inputs:
            by = str(one.get("idProperty") or "")
            row = self._crm.live(kind, str(one.get("id", "")), by)
            try:
                if row is not None:
                    shown = self._crm.whole(kind, self._changed(call, kind, row, one.get("properties")))
                else:
                    own = {by: one.get("id")} if by == kind.unique else {}
                    shown = self._crm.whole(kind, self._created(call, kind, {**own, **(one.get("properties") or {})}))
            except Refusal as refusal:
                errors.append({**json.loads(refusal.reply.body), "context": {"ids": [str(one.get("id", ""))]}})
                continue
            traced = {"objectWriteTraceId": one["objectWriteTraceId"]} if "objectWriteTraceId" in one else {}
            results.append({**shown, "new": row is None, **traced})
        return self._crm.batch_reply(results, errors)

    def batch_archive(self, call: Call) -> Reply:
        kind = self._crm.kind_of(call)
        if kind is None:
            return no_type(call)
        for one in inputs_of(call):
            row = self._crm.live(kind, str(one.get("id", "")))
            if row is not None:
                kind.table.delete(row.index)
        return empty_reply(204)

    def _created(self, call: Call, kind: ObjectType, given: Any) -> Row:
        values = self._valid(call, kind, given)
        self._unique(call, kind, values, None)
        own_site = {"website": values["domain"]} if kind.name == "companies" and values.get("domain") else {}
        return kind.table.create({**kind.begins, **own_site, **values})

    def _changed(self, call: Call, kind: ObjectType, row: Row, given: Any) -> Row:
        values = self._valid(call, kind, given)
        self._unique(call, kind, values, row.index)
        return kind.table.change(row.index, values)

    def _unique(self, call: Call, kind: ObjectType, values: Values, own: int | None) -> None:
        value = values.get(kind.unique) if kind.unique else None
        found = index_of_email(self._world, kind, value) if value else None
        if found is not None and found != own:
            text = f"{kind.singular.capitalize()} already exists. Existing ID: {kind.id_of(found)}"
            raise Refusal(error(call, 409, "CONFLICT", text))

    def _valid(self, call: Call, kind: ObjectType, given: Any) -> Values:
        if not isinstance(given, Mapping):
            raise Refusal(invalid(call, "properties is an object"))
        wrong = []
        for name, value in given.items():
            if name not in kind.kinds:
                wrong.append((name, "PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist'))
            elif name in READ_ONLY:
                wrong.append((name, "READ_ONLY_VALUE", f'"{name}" is a read only property; its value cannot be set'))
            elif name == "email" and value and "@" not in str(value):
                wrong.append((name, "INVALID_EMAIL", f"Email address {value} is invalid"))
            elif kind.kinds[name] == "number" and value not in ("", None) and not _is_number(value):
                wrong.append((name, "INVALID_INTEGER", f"{value} was not a valid number."))
        if wrong:
            told = [
                {"isValid": False, "message": message, "error": code, "name": name} for name, code, message in wrong
            ]
            raise Refusal(invalid(call, f"Property values were not valid: {json.dumps(told)}"))
        return {name: _string(value) for name, value in given.items()}


def _string(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True
