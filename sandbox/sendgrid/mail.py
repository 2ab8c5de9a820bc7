"""Mail: who is not written to, the groups one can leave, templates, and the figures of each day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sandbox import people
from sandbox.platform import Call, Reply, empty_reply, json_reply
from sandbox.sendgrid.dialect import FIGURES, problem, uuid_of
from sandbox.table import Row, Table
from sandbox.world import World, from_ms

KINDS = {"bounces": 0.2, "blocks": 0.1, "invalid_emails": 0.08, "spam_reports": 0.06, "unsubscribes": 0.15}
GROUPS = 3
PAGE = 500


class Mail:
    def __init__(self, world: World) -> None:
        self._world = world
        self.suppressed = {
            kind: Table(world, world.population(f"sendgrid {kind}", per_person=share, least=8, changes=0))
            for kind, share in KINDS.items()
        }
        self.templates = Table(world, world.population("sendgrid templates", per_person=0.1, least=8))
        self.left = Table(world, world.population("sendgrid left", per_person=0.1, least=6, changes=0))

    # Suppressions

    def lister(self, kind: str) -> Callable[[Call], Reply]:
        def answer(call: Call) -> Reply:
            bounds = [call.param(name, default) for name, default in (("start_time", "0"), ("end_time", "9999999999"))]
            limit, offset = call.param("limit", str(PAGE)), call.param("offset", "0")
            if not all(text.isdigit() for text in (*bounds, limit, offset)) or not 1 <= int(limit) <= PAGE:
                return problem(400, "invalid range", "limit")
            begin, end = map(int, bounds)
            rows = [row for row in self._rows(self.suppressed[kind]) if begin <= row.created // 1000 <= end]
            shown = [self._suppression(kind, row) for row in sorted(rows, key=lambda row: -row.created)]
            return json_reply(shown[int(offset) : int(offset) + int(limit)])

        return answer

    def remover(self, kind: str) -> Callable[[Call], Reply]:
        def answer(call: Call) -> Reply:
            for row in self._rows(self.suppressed[kind]):
                if self._address(kind, row) == call.args["email"]:
                    self.suppressed[kind].delete(row.index)
                    return empty_reply(204)
            return problem(404, "no such address")

        return answer

    def suppress(self, call: Call) -> Reply:
        addresses = call.json().get("recipient_emails") or []
        for address in addresses:
            self.suppressed["unsubscribes"].create({"email": address})
        return json_reply({"recipient_emails": addresses}, status=201)

    def _address(self, kind: str, row: Row) -> str:
        return str(row.fields.get("email") or f"{kind}.{people.person(self._world, row.index).email}")

    def _suppression(self, kind: str, row: Row) -> dict[str, Any]:
        told: dict[str, Any] = {"created": row.created // 1000, "email": self._address(kind, row)}
        if kind in ("bounces", "blocks"):
            told |= {"reason": "550 5.1.1 The address does not exist", "status": "5.1.1"}
        elif kind == "invalid_emails":
            told["reason"] = "Mail domain mentioned in email address is unknown"
        elif kind == "spam_reports":
            told["ip"] = f"192.0.2.{row.index % 250}"
        return told

    # Groups

    def groups(self, call: Call) -> Reply:
        return json_reply(
            [
                {
                    "id": 254_500 + number,
                    "name": ("News", "Offers", "Events")[number],
                    "description": f"Mails of kind {number}",
                    "is_default": number == 0,
                    "unsubscribes": sum(1 for index in self.left.indices() if index % GROUPS == number),
                }
                for number in range(GROUPS)
            ]
        )

    def left_groups(self, call: Call) -> Reply:
        return json_reply(
            [
                {
                    "email": people.person(self._world, row.index).email,
                    "group_id": 254_500 + row.index % GROUPS,
                    "group_name": ("News", "Offers", "Events")[row.index % GROUPS],
                    "created_at": row.created // 1000,
                }
                for row in self._rows(self.left)
            ]
        )

    # Templates

    def all_templates(self, call: Call) -> Reply:
        size, token = call.param("page_size"), call.param("page_token", "0")
        if not size.isdigit() or not 1 <= int(size) <= 200 or not token.isdigit():
            return problem(400, "page_size must be between 1 and 200", "page_size")
        wanted = call.param("generations", "legacy").split(",")
        shown = [one for one in map(self._template, self._rows(self.templates)) if one["generation"] in wanted]
        begin, end = int(token), int(token) + int(size)
        told: dict[str, Any] = {"self": f"https://{call.host}{call.path}", "count": len(shown)}
        if end < len(shown):
            told["next"] = f"https://{call.host}{call.path}?page_size={size}&page_token={end}"
        return json_reply({"result": shown[begin:end], "_metadata": told})

    def _template(self, row: Row) -> dict[str, Any]:
        dynamic = row.index % 2 == 0
        identity = uuid_of("template", row.index)
        return {
            "id": f"d-{identity.replace('-', '')}" if dynamic else identity,
            "name": f"Template {row.index} v{row.version}",
            "generation": "dynamic" if dynamic else "legacy",
            "updated_at": f"{from_ms(row.changed):%Y-%m-%d %H:%M:%S}",
            "versions": [],
        }

    # Figures

    def stats(self, call: Call) -> Reply:
        today = from_ms(self._world.clock.ms()).date()
        try:
            begin = date.fromisoformat(call.param("start_date"))
            end = date.fromisoformat(call.param("end_date", today.isoformat()))
        except ValueError:
            return problem(400, "start_date is required", "start_date")
        days = [begin + timedelta(days=number) for number in range((min(end, today) - begin).days + 1)]
        return json_reply([{"date": day.isoformat(), "stats": [{"metrics": self._figures(day)}]} for day in days])

    def _figures(self, day: date) -> dict[str, int]:
        number = self._world.day(datetime(day.year, day.month, day.day, 12, tzinfo=UTC))
        return {
            name: self._world.daily(f"sendgrid {name}", number, level=40.0 + 3 * place)
            for place, name in enumerate(FIGURES)
        }

    @staticmethod
    def _rows(table: Table) -> list[Row]:
        return [row for row in map(table.row, table.indices()) if row is not None]
