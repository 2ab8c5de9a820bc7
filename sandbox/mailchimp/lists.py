"""Audiences: their settings and counters, segments, merge fields, webhooks and daily activity."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sandbox.mailchimp.dialect import ACCOUNT, DC, answer, body_of, checked, invalid, links, not_found, page, stamp
from sandbox.platform import Call, Reply, empty_reply
from sandbox.samples import hexes
from sandbox.table import Row, Table
from sandbox.world import DAY_MS, World, mix, number_of, share

NAMES = ("Newsletter", "Customers", "Événements")
SHARES = (1.0, 0.3, 0.1)
TAGS = ("VIP", "Trial", "Partner", "Webinar 2026")
MERGE = (
    ("EMAIL", "Email Address", "email"), ("FNAME", "First Name", "text"), ("LNAME", "Last Name", "text"),
    ("ADDRESS", "Address", "address"), ("PHONE", "Phone Number", "phone"), ("BIRTHDAY", "Birthday", "birthday"),
    ("COMPANY", "Company", "text"),
)  # fmt: skip
SAVED = {
    "match": "all",
    "conditions": [{"condition_type": "Date", "field": "timestamp_opt", "op": "greater", "value": "last"}],
}
FIRST_SEGMENT = 3_730_000


@dataclass(slots=True, kw_only=True)
class Audience:
    """One list: its members' table and what was written to it."""

    number: int
    list_id: str
    table: Table
    created: int
    settings: dict[str, Any] = field(default_factory=dict)
    segments: list[dict[str, Any]] = field(default_factory=list)
    webhooks: dict[str, dict[str, Any]] = field(default_factory=dict)
    counts: tuple[tuple[int, int], dict[str, int]] = ((-1, -1), {})

    @property
    def name(self) -> str:
        return str(self.settings.get("name", NAMES[self.number]))


def status_of(seed: int, audience: Audience, row: Row) -> str:
    """What was written, else what became of the member: most are subscribed, some leave with their changes."""
    if row.deleted is not None:
        return "archived"
    written = row.fields.get("status")
    if written:
        return str(written)
    luck = share(seed, number_of(audience.list_id), row.index) - 0.01 * row.version
    return "subscribed" if luck > 0.1 else "unsubscribed" if luck > 0.04 else "cleaned" if luck > 0.01 else "pending"


class Lists:
    def __init__(self, world: World) -> None:
        self.world = world
        self.audiences = {}
        for number, part in enumerate(SHARES):
            list_id = hexes(10, number + 1)
            population = world.population(f"mailchimp members {number}", per_person=part, least=3)
            audience = Audience(
                number=number,
                list_id=list_id,
                table=Table(world, population),
                created=world.start_ms - (720 - number) * DAY_MS,
            )
            audience.segments = [self._born_segment(audience, place, name) for place, name in enumerate(TAGS)]
            saved = self._born_segment(audience, len(TAGS), "Recent subscribers")
            audience.segments.append({**saved, "type": "saved", "options": SAVED})
            self.audiences[list_id] = audience
        self.all = checked(self._all)
        self.segments = checked(self._segments)

    def _born_segment(self, audience: Audience, place: int, name: str) -> dict[str, Any]:
        when = stamp(audience.created + place * 30 * DAY_MS)
        identity = FIRST_SEGMENT + 100 * audience.number + place
        return {"id": identity, "name": name, "type": "static", "created_at": when, "updated_at": when}

    def counts(self, audience: Audience) -> dict[str, int]:
        """Members by status, archived ones too."""
        revision = audience.table.revision
        if audience.counts[0] != revision:
            counts: dict[str, int] = {}
            for index in (*audience.table.indices(), *audience.table.indices(deleted=True)):
                row = audience.table.row(index)
                if row is not None and not row.fields.get("forgotten"):
                    status = status_of(self.world.seed, audience, row)
                    counts[status] = counts.get(status, 0) + 1
            audience.counts = (revision, counts)
        return audience.counts[1]

    def subscribers(self) -> int:
        return sum(self.counts(audience).get("subscribed", 0) for audience in self.audiences.values())

    def _all(self, call: Call) -> Reply:
        shown = [self._shown(one) for one in page(call, list(self.audiences.values()))]
        total = len(self.audiences)
        rules = {"may_create": True, "max_instances": 5, "current_total_instances": total}
        body = {"lists": shown, "total_items": total, "constraints": rules, "_links": links("/lists", "Lists")}
        return answer(call, body)

    def one(self, call: Call) -> Reply:
        audience = self.audiences.get(call.args["list_id"])
        return not_found(call) if audience is None else answer(call, self._shown(audience))

    def update(self, call: Call) -> Reply:
        audience = self.audiences.get(call.args["list_id"])
        if audience is None:
            return not_found(call)
        known = self._shown(audience).keys() - {"id", "web_id", "stats", "_links", "date_created"}
        audience.settings.update({name: value for name, value in body_of(call).items() if name in known})
        return answer(call, self._shown(audience))

    def _shown(self, audience: Audience) -> dict[str, Any]:
        counts = self.counts(audience)
        path = f"/lists/{audience.list_id}"
        base = {
            "id": audience.list_id,
            "web_id": 684_000 + audience.number,
            "name": audience.name,
            "contact": {
                "company": "Sandbox", "address1": "1 Example Street", "address2": "", "city": "Berlin",
                "state": "", "zip": "10115", "country": "DE", "phone": "",
            },
            "permission_reminder": "You opted in via our website.",
            "use_archive_bar": True,
            "campaign_defaults": {
                "from_name": "Sandbox", "from_email": "news@sandbox.example", "subject": "", "language": "en",
            },
            "notify_on_subscribe": "",
            "notify_on_unsubscribe": "",
            "date_created": stamp(audience.created),
            "list_rating": 3,
            "email_type_option": False,
            "subscribe_url_short": f"http://eepurl.example/{audience.list_id}",
            "subscribe_url_long": f"https://sandbox.{DC}.list-manage.com/subscribe?u={ACCOUNT}&id={audience.list_id}",
            "beamer_address": f"{DC}-{audience.list_id}@inbound.mailchimp.example",
            "visibility": "prv",
            "double_optin": False,
            "has_welcome": False,
            "marketing_permissions": False,
            "modules": [],
            "stats": {
                "member_count": counts.get("subscribed", 0),
                "unsubscribe_count": counts.get("unsubscribed", 0),
                "cleaned_count": counts.get("cleaned", 0),
                "member_count_since_send": 0,
                "unsubscribe_count_since_send": 0,
                "cleaned_count_since_send": 0,
                "campaign_count": 12,
                "campaign_last_sent": "",
                "merge_field_count": len(MERGE) - 1,
                "avg_sub_rate": 4,
                "avg_unsub_rate": 1,
                "target_sub_rate": 2,
                "open_rate": 31.4,
                "click_rate": 4.2,
                "last_sub_date": stamp(self._last_created(audience)),
                "last_unsub_date": "",
            },
            "_links": links(path, "Lists", "PATCH", "DELETE"),
        }  # fmt: skip
        return {**base, **audience.settings}

    def _last_created(self, audience: Audience) -> int | None:
        live = audience.table.indices()
        row = audience.table.row(live[-1]) if live else None
        return row.created if row else None

    def activity(self, call: Call) -> Reply:
        """Up to 180 days, the latest first; mailchimp.com/developer/marketing/api/list-activity"""
        audience = self.audiences.get(call.args["list_id"])
        if audience is None:
            return not_found(call)
        size = len(audience.table.indices())
        today = self.world.day()
        count = int(call.param("count", "10")) if call.param("count", "10").isdigit() else 10
        days = []
        for day in range(today, today - min(count, 180), -1):
            counted = {
                name: self.world.daily(f"mailchimp {audience.list_id} {name}", day, level=size * part)
                for name, part in (
                    ("emails_sent", 0.4), ("unique_opens", 0.12), ("recipient_clicks", 0.02), ("hard_bounce", 0.001),
                    ("soft_bounce", 0.002), ("subs", 0.004), ("unsubs", 0.001), ("other_adds", 0.0005),
                    ("other_removes", 0.0002),
                )
            }  # fmt: skip
            date = (self.world.clock.now() + timedelta(days=day - today)).date()
            days.append({"day": date.isoformat(), **counted, "_links": []})
        body = {"activity": days, "list_id": audience.list_id, "total_items": 180, "_links": []}
        return answer(call, body)

    def merge_fields(self, call: Call) -> Reply:
        audience = self.audiences.get(call.args["list_id"])
        if audience is None:
            return not_found(call)
        shown = [
            {
                "merge_id": number, "tag": tag, "name": name, "type": kind, "required": False, "default_value": "",
                "public": tag == "EMAIL", "display_order": number + 1, "options": {"size": 25}, "help_text": "",
                "list_id": audience.list_id, "_links": [],
            }
            for number, (tag, name, kind) in enumerate(MERGE)
            if tag != "EMAIL"
        ]  # fmt: skip
        return answer(
            call, {"merge_fields": shown, "list_id": audience.list_id, "total_items": len(shown), "_links": []}
        )

    def _segments(self, call: Call) -> Reply:
        audience = self.audiences.get(call.args["list_id"])
        if audience is None:
            return not_found(call)
        shown = [self._segment(audience, one) for one in page(call, audience.segments)]
        total = len(audience.segments)
        return answer(call, {"segments": shown, "list_id": audience.list_id, "total_items": total, "_links": []})

    def _segment(self, audience: Audience, segment: dict[str, Any]) -> dict[str, Any]:
        path = f"/lists/{audience.list_id}/segments/{segment['id']}"
        born = segment["name"] in TAGS
        size = len(audience.table.indices()) * (1 + TAGS.index(segment["name"])) // 20 if born else 0
        return {
            **segment,
            "member_count": size,
            "list_id": audience.list_id,
            "_links": links(path, "Lists/Segments", "PATCH", "DELETE"),
        }

    def create_segment(self, call: Call) -> Reply:
        audience = self.audiences.get(call.args["list_id"])
        if audience is None:
            return not_found(call)
        name = body_of(call).get("name")
        if not isinstance(name, str) or not name:
            return invalid(call, "The resource submitted could not be validated.", ("name", "Required field."))
        return answer(call, self._segment(audience, self.segment_named(audience, name)))

    def segment_named(self, audience: Audience, name: str) -> dict[str, Any]:
        """The static segment (tag) of this name, made where there is none."""
        found = next((one for one in audience.segments if one["name"] == name), None)
        if found is None:
            now = stamp(self.world.clock.ms())
            identity = FIRST_SEGMENT + 100 * audience.number + len(audience.segments)
            found = {"id": identity, "name": name, "type": "static", "created_at": now, "updated_at": now}
            audience.segments.append(found)
        return found

    # Webhooks of an audience: mailchimp.com/developer/marketing/api/list-webhooks

    def webhooks(self, call: Call) -> Reply:
        audience = self.audiences.get(call.args["list_id"])
        if audience is None:
            return not_found(call)
        shown = list(audience.webhooks.values())
        return answer(call, {"webhooks": shown, "list_id": audience.list_id, "total_items": len(shown), "_links": []})

    def create_webhook(self, call: Call) -> Reply:
        audience = self.audiences.get(call.args["list_id"])
        if audience is None:
            return not_found(call)
        body = body_of(call)
        if not str(body.get("url", "")).startswith("http"):
            return invalid(call, "We could not verify the URL.", ("url", "Required field."))
        identity = f"{mix(number_of(audience.list_id), len(audience.webhooks)):016x}"[:10]
        made = {"id": identity, "list_id": audience.list_id, "events": {}, "sources": {}, **body, "_links": []}
        audience.webhooks[identity] = made
        return answer(call, {**made, "signing_secret": hexes(32, len(audience.webhooks))})

    def delete_webhook(self, call: Call) -> Reply:
        audience = self.audiences.get(call.args["list_id"])
        if audience is None or audience.webhooks.pop(call.args["webhook_id"], None) is None:
            return not_found(call)
        return empty_reply(204)
