"""Marketing: contacts with their exports, lists, segments and single sends."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sandbox import people
from sandbox.platform import Call, Reply, empty_reply, json_reply
from sandbox.sendgrid.dialect import HOST, SEND_FIGURES, STORE, index_of, iso, problem, uuid_of
from sandbox.table import Row, Table
from sandbox.world import World, number_of

NEWEST = 50


class Marketing:
    """Contacts, lists, segments and single sends."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.contacts = Table(world, world.population("sendgrid contacts"))
        self.lists = Table(world, world.population("sendgrid lists", per_person=0.05, least=7))
        self.segments = Table(world, world.population("sendgrid segments", per_person=0.02, least=4))
        self.sends = Table(world, world.population("sendgrid sends", per_person=0.15, least=8))
        self._exports: dict[str, tuple[int, list[bytes]]] = {}

    # Contacts

    def newest(self, call: Call) -> Reply:
        rows = self._rows(self.contacts)[-NEWEST:]
        return json_reply({"result": [self.contact(row) for row in rows], "contact_count": len(rows)})

    def count(self, call: Call) -> Reply:
        return json_reply({"contact_count": len(self.contacts.indices())})

    def one_contact(self, call: Call) -> Reply:
        index = index_of("contact", call.args["id"])
        row = self.contacts.existing(index) if index is not None else None
        return json_reply(self.contact(row)) if row else problem(404, "contact not found")

    def search(self, call: Call) -> Reply:
        query = str(call.json().get("query", ""))
        found = re.fullmatch(r"updated_at > TIMESTAMP '([0-9TZ:.+-]+)'", query)
        if found is None:
            return problem(400, "the query is invalid", "query")
        since = datetime.fromisoformat(found[1]).timestamp() * 1000
        rows = [row for row in self._rows(self.contacts) if row.changed > since]
        shown = [self.contact(row) for row in rows[:NEWEST]]
        return json_reply({"result": shown, "contact_count": len(rows), "_metadata": {"self": self._self(call)}})

    def export(self, call: Call) -> Reply:
        if call.json().get("file_type") not in ("csv", "json"):
            return problem(400, "file_type must be csv or json", "file_type")
        lines = [
            json.dumps({**self.contact(row), "contact_id": uuid_of("contact", row.index)}).encode()
            for row in self._rows(self.contacts)
        ]
        half = (len(lines) + 1) // 2
        number = uuid_of("export", self._world.clock.ms() % 2**40)
        files = [gzip.compress(b"\n".join(part) + b"\n") for part in (lines[:half], lines[half:]) if part]
        self._exports[number] = (self._world.clock.ms(), files)
        return json_reply({"id": number, "_metadata": {"self": self._self(call)}}, status=202)

    def exported(self, call: Call) -> Reply:
        made = self._exports.get(call.args["id"])
        if made is None:
            return problem(404, "export not found")
        at, files = made
        signed = f"X-Amz-Signature={number_of(call.args['id']):016x}"
        urls = [f"https://{STORE}/{call.args['id']}/{number}.json.gz?{signed}" for number in range(len(files))]
        told = {
            "id": call.args["id"],
            "status": "ready",
            "created_at": iso(at),
            "updated_at": iso(at),
            "completed_at": iso(at),
            "expires_at": iso(at + 3 * 86_400_000),
            "urls": urls,
            "export_type": "contacts_export",
            "contact_count": len(self.contacts.indices()),
            "_metadata": {"self": self._self(call)},
        }
        return json_reply(told)

    def file(self, call: Call) -> Reply:
        made = self._exports.get(call.args["id"])
        number = call.args["number"]
        signed = call.param("X-Amz-Signature") == f"{number_of(call.args['id']):016x}"
        if made is None or not signed or not number.isdigit() or int(number) >= len(made[1]):
            return Reply(status=403, headers={"content-type": "application/xml"}, body=b"<Error>AccessDenied</Error>")
        return Reply(status=200, headers={"content-type": "binary/octet-stream"}, body=made[1][int(number)])

    def put(self, call: Call) -> Reply:
        contacts = call.json().get("contacts") or []
        if not contacts or not all(one.get("email") or one.get("external_id") for one in contacts):
            return problem(400, "a contact needs an identifier", "contacts")
        for one in contacts:
            fields = {**one, **({"list_ids": call.json()["list_ids"]} if call.json().get("list_ids") else {})}
            known = self._with_address(str(one.get("email", "")))
            if known is None:
                self.contacts.create(fields)
            else:
                self.contacts.change(known.index, fields)
        return self._job()

    def remove(self, call: Call) -> Reply:
        for identity in call.param("ids").split(","):
            index = index_of("contact", identity)
            if index is not None and self.contacts.existing(index) is not None:
                self.contacts.delete(index)
        return self._job()

    def _job(self) -> Reply:
        return json_reply({"job_id": uuid_of("job", self._world.clock.ms() % 2**40)}, status=202)

    def _with_address(self, address: str) -> Row | None:
        return next((row for row in self._rows(self.contacts) if self.contact(row)["email"] == address), None)

    def contact(self, row: Row) -> dict[str, Any]:
        who = people.person(self._world, row.index, row.version)
        born: dict[str, Any] = {} if row.written else {
            "first_name": who.first,
            "last_name": who.last,
            "email": who.email,
            "city": who.company.city,
            "country": who.company.country,
            "phone_number": who.phone if row.index % 3 else "",
            "external_id": f"crm-{row.index}" if row.index % 4 == 0 else "",
            "postal_code": f"{10000 + row.index % 9000}",
            "state_province_region": "North" if row.index % 2 else "",
            "address_line_1": f"{1 + row.index % 200} Main Street",
            "list_ids": [uuid_of("list", row.index % 7)],
            "custom_fields": {"plan": ("free", "pro")[row.index % 2]},
        }  # fmt: skip
        return {
            "id": uuid_of("contact", row.index),
            "email": "", "first_name": "", "last_name": "", "phone_number": "", "external_id": "", "city": "",
            "country": "", "postal_code": "", "state_province_region": "", "address_line_1": "", "address_line_2": "",
            "alternate_emails": [], "list_ids": [], "segment_ids": [], "custom_fields": {},
            **born,
            **row.fields,
            "created_at": iso(row.created),
            "updated_at": iso(row.changed),
            "_metadata": {"self": f"https://{HOST}/v3/marketing/contacts/{uuid_of('contact', row.index)}"},
        }  # fmt: skip

    # Lists, segments, single sends

    def all_lists(self, call: Call) -> Reply:
        return self._page(call, [self.list_of(row) for row in self._rows(self.lists)], "result")

    def one_list(self, call: Call) -> Reply:
        row = self._list(call)
        return json_reply(self.list_of(row)) if row else problem(404, "list not found")

    def make_list(self, call: Call) -> Reply:
        name = call.json().get("name")
        if not name:
            return problem(400, "name is required", "name")
        return json_reply(self.list_of(self.lists.create({"name": name})), status=201)

    def rename_list(self, call: Call) -> Reply:
        row = self._list(call)
        if row is None:
            return problem(404, "list not found")
        self.lists.change(row.index, {"name": call.json().get("name")})
        changed = self.lists.row(row.index)
        assert changed is not None
        return json_reply(self.list_of(changed))

    def drop_list(self, call: Call) -> Reply:
        row = self._list(call)
        if row is None:
            return problem(404, "list not found")
        self.lists.delete(row.index)
        return empty_reply(204)

    def _list(self, call: Call) -> Row | None:
        index = index_of("list", call.args["id"])
        return self.lists.existing(index) if index is not None else None

    def list_of(self, row: Row) -> dict[str, Any]:
        identity = uuid_of("list", row.index)
        members = sum(1 for index in self.contacts.indices() if index % 7 == row.index)
        return {
            "id": identity,
            "name": row.fields.get("name") or f"List {row.index} v{row.version}",
            "contact_count": members,
            "_metadata": {"self": f"https://{HOST}/v3/marketing/lists/{identity}"},
        }

    def all_segments(self, call: Call) -> Reply:
        return json_reply({"results": [self._segment(row) for row in self._rows(self.segments)]})

    def _segment(self, row: Row) -> dict[str, Any]:
        return {
            "id": uuid_of("segment", row.index),
            "name": f"Segment {row.index} v{row.version}",
            "query_version": "2",
            "contacts_count": len(self.contacts.indices()) // (2 + row.index % 3),
            "created_at": iso(row.created),
            "updated_at": iso(row.changed),
            "sample_updated_at": iso(row.changed),
            "next_sample_update": iso(row.changed + 3_600_000),
            "parent_list_ids": [uuid_of("list", 0)] if row.index % 2 else None,
            "status": {"query_validation": "VALID"},
        }

    def all_sends(self, call: Call) -> Reply:
        return self._page(call, [self._send(row) for row in self._rows(self.sends)], "result")

    def _send(self, row: Row) -> dict[str, Any]:
        sent = row.index % 3 != 0
        when = {"send_at": iso(row.created + 3_600_000)} if sent else {}
        return {
            "id": uuid_of("send", row.index),
            "name": f"Single send {row.index} v{row.version}",
            "status": "triggered" if sent else "draft",
            "categories": ["news"] if row.index % 2 else [],
            "is_abtest": False,
            "abtest": None,
            **when,
            "created_at": iso(row.created),
            "updated_at": iso(row.changed),
        }

    def send_stats(self, call: Call) -> Reply:
        shown = [self._stats(row) for row in self._rows(self.sends)]
        return self._page(call, shown, "results", most=50)

    def _stats(self, row: Row) -> dict[str, Any]:
        age = max(0, self._world.clock.ms() - row.created) // 86_400_000
        return {
            "id": uuid_of("send", row.index),
            "ab_phase": "all",
            "ab_variation": "all",
            "aggregation": "total",
            "stats": {name: int((row.index % 9 + number) * min(age, 30)) for number, name in enumerate(SEND_FIGURES)},
        }

    def _page(self, call: Call, shown: Sequence[Any], name: str, *, most: int = 1000) -> Reply:
        size, token = call.param("page_size", "100"), call.param("page_token", "0")
        if not size.isdigit() or not 1 <= int(size) <= most or not token.isdigit():
            return problem(400, "invalid page", "page_size")
        begin, end = int(token), int(token) + int(size)
        told: dict[str, Any] = {"self": self._self(call), "count": len(shown)}
        if end < len(shown):
            told["next"] = f"https://{call.host}{call.path}?page_size={size}&page_token={end}"
        return json_reply({name: shown[begin:end], "_metadata": told})

    @staticmethod
    def _self(call: Call) -> str:
        return f"https://{call.host}{call.path}"

    @staticmethod
    def _rows(table: Table) -> list[Row]:
        return [row for row in map(table.row, table.indices()) if row is not None]
