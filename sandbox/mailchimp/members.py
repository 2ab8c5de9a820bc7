"""Members of an audience: reading with filters and offset pages; add, upsert, update, archive, forget, tag, batch.

mailchimp.com/developer/marketing/api/list-members. A member's id is the MD5 of the address in lower case.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sandbox.mailchimp.dialect import (
    answer,
    body_of,
    checked,
    instant,
    invalid,
    links,
    not_found,
    page,
    problem,
)
from sandbox.mailchimp.lists import Audience, Lists, status_of
from sandbox.mailchimp.records import WRITABLE, email_of, hash_of, member, tags_of
from sandbox.platform import Call, Reply, empty_reply
from sandbox.table import Row
from sandbox.world import World

STATUSES = ("subscribed", "unsubscribed", "cleaned", "pending", "transactional")
BATCH = 500


class Members:
    def __init__(self, world: World, lists: Lists) -> None:
        self._world = world
        self._lists = lists
        self._hashes: dict[str, dict[str, int]] = {list_id: {} for list_id in lists.audiences}
        self._hashed: dict[str, int] = dict.fromkeys(lists.audiences, 0)
        self.all = checked(self._all)

    def _audience(self, call: Call) -> Audience | None:
        return self._lists.audiences.get(call.args["list_id"])

    # Reading

    def _all(self, call: Call) -> Reply:
        audience = self._audience(call)
        if audience is None:
            return not_found(call)
        found = self._matching(call, audience)
        shown = [self._shown(audience, index) for index in page(call, found)]
        path = f"/lists/{audience.list_id}/members"
        body = {
            "members": shown,
            "list_id": audience.list_id,
            "total_items": len(found),
            "_links": links(path, "Lists/Members", "POST"),
        }
        return answer(call, body)

    def _matching(self, call: Call, audience: Audience) -> list[int]:
        """Archived members are seen only by those who ask for them."""
        table, status = audience.table, call.param("status")
        if call.param("sort_field") == "last_changed" and status != "archived":
            found = table.by_change()
        else:
            found = [
                i
                for i in table.indices(deleted=status == "archived")
                if not self._row(audience, i).fields.get("forgotten")
            ]
        since, before = instant(call, "since_last_changed"), instant(call, "before_last_changed")
        if since is not None:
            found = [i for i in found if self._row(audience, i).changed > since]
        if before is not None:
            found = [i for i in found if self._row(audience, i).changed <= before]
        if status and status != "archived":
            seed = self._world.seed
            found = [i for i in found if status_of(seed, audience, self._row(audience, i)) == status]
        return found[::-1] if call.param("sort_dir").upper() == "DESC" else found

    def one(self, call: Call) -> Reply:
        audience, row = self._addressed(call)
        return not_found(call) if audience is None or row is None else answer(call, self._shown(audience, row.index))

    # Writing

    def create(self, call: Call) -> Reply:
        audience, body = self._audience(call), body_of(call)
        if audience is None:
            return not_found(call)
        email = str(body.get("email_address", ""))
        index = self._index(audience, hash_of(email))
        if index is not None and audience.table.existing(index):
            detail = f"{email} is already a list member. Use PUT to insert or update list members."
            return problem(call, 400, "Member Exists", detail)
        return self._added(call, audience, body, index)

    def upsert(self, call: Call) -> Reply:
        audience, body = self._audience(call), body_of(call)
        if audience is None:
            return not_found(call)
        _, row = self._addressed(call)
        if row is not None and row.deleted is None:
            return self._changed(call, audience, row, body)
        fresh = {**body, "status": body.get("status") or body.get("status_if_new")}
        return self._added(call, audience, fresh, row.index if row else None)

    def update(self, call: Call) -> Reply:
        audience, row = self._addressed(call)
        if audience is None or row is None:
            return not_found(call)
        return self._changed(call, audience, row, body_of(call))

    def archive(self, call: Call) -> Reply:
        audience, row = self._addressed(call)
        if audience is None or row is None or row.deleted is not None:
            return not_found(call)
        audience.table.delete(row.index)
        return empty_reply(204)

    def forget(self, call: Call) -> Reply:
        """Deletes for good: the address cannot come back through the API."""
        audience, row = self._addressed(call)
        if audience is None or row is None:
            return not_found(call)
        audience.table.change(row.index, {"forgotten": True})
        audience.table.delete(row.index)
        return empty_reply(204)

    def tag(self, call: Call) -> Reply:
        audience, row = self._addressed(call)
        if audience is None or row is None:
            return not_found(call)
        tags = {one["name"]: one for one in tags_of(self._world, self._lists, audience, row)}
        for asked in body_of(call).get("tags") or []:
            name = str(asked.get("name", ""))
            if asked.get("status") == "inactive":
                tags.pop(name, None)
            elif name:
                tags[name] = {"id": self._lists.segment_named(audience, name)["id"], "name": name}
        audience.table.change(row.index, {"tags": list(tags.values())})
        return empty_reply(204)

    def batch(self, call: Call) -> Reply:
        """POST /lists/{id}: many at once; what fails is told inside a 200."""
        audience, body = self._audience(call), body_of(call)
        if audience is None:
            return not_found(call)
        given = body.get("members")
        if not isinstance(given, list) or len(given) > BATCH:
            return invalid(call, "The resource submitted could not be validated.", ("members", f"At most {BATCH}."))
        new, updated, errors = [], [], []
        for one in given:
            email = str(one.get("email_address", ""))
            index = self._index(audience, hash_of(email))
            row = audience.table.existing(index) if index is not None else None
            if row is not None and body.get("update_existing"):
                wrong = self._refused(one, new=False)
                if not wrong:
                    self._write(audience, row.index, one)
                    updated.append(self._shown(audience, row.index))
            elif row is not None:
                wrong = ("email_address", f"{email} is already a list member", "ERROR_CONTACT_EXISTS")
            else:
                wrong = self._refused(one, new=True)
                if not wrong:
                    new.append(self._shown(audience, self._make(audience, one, index)))
            if wrong:
                field, message, code = wrong
                errors.append({"email_address": email, "error": message, "error_code": code, "field": field})
        return answer(
            call,
            {
                "new_members": new,
                "updated_members": updated,
                "errors": errors,
                "total_created": len(new),
                "total_updated": len(updated),
                "error_count": len(errors),
                "_links": [],
            },
        )

    # What these are made of

    def _added(self, call: Call, audience: Audience, body: Mapping[str, Any], index: int | None) -> Reply:
        wrong = self._refused(body, new=True)
        if wrong:
            return invalid(call, "The resource submitted could not be validated.", wrong[:2])
        if index is not None and self._row(audience, index).fields.get("forgotten"):
            detail = f"{body['email_address']} was permanently deleted and cannot be re-imported."
            return problem(call, 400, "Forgotten Email Not Subscribed", detail)
        return answer(call, self._shown(audience, self._make(audience, body, index)))

    def _changed(self, call: Call, audience: Audience, row: Row, body: Mapping[str, Any]) -> Reply:
        wrong = self._refused(body, new=False)
        if wrong:
            return invalid(call, "The resource submitted could not be validated.", wrong[:2])
        self._write(audience, row.index, body)
        return answer(call, self._shown(audience, row.index))

    def _make(self, audience: Audience, body: Mapping[str, Any], index: int | None) -> int:
        fields = {name: value for name, value in body.items() if name in WRITABLE and name != "tags"}
        fields["tags"] = [
            {"id": self._lists.segment_named(audience, name)["id"], "name": name} for name in body.get("tags") or []
        ]
        if index is not None:
            return audience.table.restore(index, fields).index
        made = audience.table.create(fields).index
        self._hashes[audience.list_id][hash_of(str(fields["email_address"]))] = made
        return made

    def _write(self, audience: Audience, index: int, body: Mapping[str, Any]) -> None:
        row = self._row(audience, index)
        fields = {name: value for name, value in body.items() if name in WRITABLE and name != "tags"}
        if "merge_fields" in fields:
            fields["merge_fields"] = {**row.fields.get("merge_fields", {}), **fields["merge_fields"]}
        old = email_of(self._world, row)
        audience.table.change(index, fields)
        new = str(fields.get("email_address", old))
        if hash_of(new) != hash_of(old):
            self._hashes[audience.list_id].pop(hash_of(old), None)
            self._hashes[audience.list_id][hash_of(new)] = index

    def _refused(self, body: Mapping[str, Any], *, new: bool) -> tuple[str, str, str] | None:
        email, status = body.get("email_address"), body.get("status")
        if (new or email is not None) and "@" not in str(email or ""):
            return ("email_address", "Please provide a valid email address.", "ERROR_GENERIC")
        if new and status is None:
            return (
                "status",
                "Data presented is not one of the accepted values: " + ", ".join(STATUSES),
                "ERROR_GENERIC",
            )
        if status is not None and status not in STATUSES:
            return ("status", f"{status!r} is not one of {', '.join(STATUSES)}", "ERROR_GENERIC")
        return None

    def _addressed(self, call: Call) -> tuple[Audience | None, Row | None]:
        """By hash or address; archived members too, forgotten ones not for reading."""
        audience = self._audience(call)
        if audience is None:
            return None, None
        shown = call.args["member"]
        index = self._index(audience, hash_of(shown) if "@" in shown else shown.lower())
        row = audience.table.row(index) if index is not None else None
        forgotten = row is not None and row.fields.get("forgotten") and call.method != "PUT"
        return audience, None if forgotten else row

    def _index(self, audience: Audience, digest: str) -> int | None:
        hashes, table = self._hashes[audience.list_id], audience.table
        begin = self._hashed[audience.list_id]
        while (row := table.row(begin)) is not None:
            hashes.setdefault(hash_of(email_of(self._world, row)), begin)
            begin += 1
        self._hashed[audience.list_id] = begin
        return hashes.get(digest)

    def _row(self, audience: Audience, index: int) -> Row:
        row = audience.table.row(index)
        assert row is not None
        # To be archived is a change of the member as well.
        return row if row.deleted is None else replace(row, changed=max(row.changed, row.deleted))

    def _shown(self, audience: Audience, index: int) -> dict[str, Any]:
        return member(self._world, self._lists, audience, self._row(audience, index))
