"""Campaigns and their reports: counters that rise after sending and level off, as readers open their mail."""

from __future__ import annotations

import math
from typing import Any

from sandbox import people
from sandbox.mailchimp.dialect import ACCOUNT, DC, answer, checked, instant, links, not_found, page, stamp
from sandbox.mailchimp.lists import Audience, Lists
from sandbox.mailchimp.records import hash_of
from sandbox.platform import Call, Reply
from sandbox.table import Row, Table
from sandbox.world import World, mix, number_of, share

HOUR = 3_600_000
SUBJECTS = ("What is new", "Your invitation", "Summer offers", "A short survey", "Release notes", "Événement spécial")
SETTLING = 20.0  # hours in which two thirds of all opens have happened


class Campaigns:
    def __init__(self, world: World, lists: Lists) -> None:
        self._world = world
        self._lists = list(lists.audiences.values())
        population = world.population(
            "mailchimp campaigns", per_person=0.05, least=12, births=0.02, changes=0.0, deaths=0.0, history=360
        )
        self._table = Table(world, population)
        self.all = checked(self._all)
        self.reports = checked(self._reports)
        self.email_activity = checked(self._email_activity)
        self.unsubscribed = checked(self._unsubscribed)

    def _id(self, index: int) -> str:
        return f"{mix(self._world.seed, number_of('campaign'), index):016x}"[:10]

    def _bits(self, index: int) -> int:
        return mix(self._world.seed, number_of("campaign of"), index)

    def _audience(self, index: int) -> Audience:
        return self._lists[self._bits(index) % len(self._lists)]

    def _sent(self, row: Row) -> int | None:
        """When it went out: an hour after it was made; one in ten stays a draft."""
        at = row.created + HOUR
        return None if self._bits(row.index) % 10 == 0 or at > self._world.clock.ms() else at

    def _recipients(self, row: Row) -> int:
        return max(1, round(len(self._audience(row.index).table.indices()) * 0.9))

    def _counted(self, row: Row, final: float) -> int:
        """Where a counter stands that approaches this share of the recipients in the days after sending."""
        sent = self._sent(row)
        if sent is None:
            return 0
        hours = (self._world.clock.ms() - sent) / HOUR
        own = final * (0.7 + 0.6 * share(self._world.seed, row.index, number_of("taste")))
        return int(self._recipients(row) * own * (1 - math.exp(-hours / SETTLING)))

    def _rows(self) -> list[Row]:
        rows = (self._table.row(index) for index in self._table.indices())
        return [row for row in rows if row is not None]

    def _found(self, call: Call) -> Row | None:
        return next((row for row in self._rows() if self._id(row.index) == call.args["campaign_id"]), None)

    def _filtered(self, call: Call, rows: list[Row]) -> list[Row]:
        for name, sign in (("since_create_time", 1), ("before_create_time", -1)):
            limit = instant(call, name)
            if limit is not None:
                rows = [row for row in rows if sign * row.created > sign * limit]
        for name, sign in (("since_send_time", 1), ("before_send_time", -1)):
            limit = instant(call, name)
            if limit is not None:
                rows = [row for row in rows if (at := self._sent(row)) is not None and sign * at > sign * limit]
        if call.param("list_id"):
            rows = [row for row in rows if self._audience(row.index).list_id == call.param("list_id")]
        if call.param("status"):
            rows = [row for row in rows if self._status(row) == call.param("status")]
        if call.param("sort_field") == "send_time":
            rows = sorted(rows, key=lambda row: self._sent(row) or 0)
        return rows[::-1] if call.param("sort_dir", "DESC").upper() == "DESC" else rows

    def _status(self, row: Row) -> str:
        return "sent" if self._sent(row) is not None else "save"

    def _all(self, call: Call) -> Reply:
        rows = self._filtered(call, self._rows())
        shown = [self._shown(row) for row in page(call, rows)]
        return answer(call, {"campaigns": shown, "total_items": len(rows), "_links": links("/campaigns", "Campaigns")})

    def one(self, call: Call) -> Reply:
        row = self._found(call)
        return not_found(call) if row is None else answer(call, self._shown(row))

    def _shown(self, row: Row) -> dict[str, Any]:
        identity, sent, audience = self._id(row.index), self._sent(row), self._audience(row.index)
        count = self._recipients(row) if sent else 0
        shown: dict[str, Any] = {
            "id": identity,
            "web_id": 4_746_000 + row.index,
            "type": "regular",
            "create_time": stamp(row.created),
            "archive_url": f"http://eepurl.example/{identity}",
            "long_archive_url": f"https://{DC}.campaign-archive.com/?u={ACCOUNT}&id={identity}",
            "status": self._status(row),
            "emails_sent": count,
            "send_time": stamp(sent),
            "content_type": "html",
            "needs_block_refresh": False,
            "resendable": sent is not None,
            "recipients": {
                "list_id": audience.list_id,
                "list_is_active": True,
                "list_name": audience.name,
                "segment_text": "",
                "recipient_count": self._recipients(row),
            },
            "settings": {
                "subject_line": self._subject(row),
                "title": f"{self._subject(row)} {row.index}",
                "from_name": "Sandbox",
                "reply_to": "news@sandbox.example",
                "use_conversation": False,
                "to_name": "",
                "folder_id": "",
                "authenticate": True,
                "auto_footer": False,
                "inline_css": False,
                "auto_tweet": False,
                "fb_comments": True,
                "timewarp": False,
                "template_id": 0,
                "drag_and_drop": False,
            },
            "tracking": {
                "opens": True,
                "html_clicks": True,
                "text_clicks": False,
                "goal_tracking": False,
                "ecomm360": False,
                "google_analytics": "",
                "clicktale": "",
            },
            "delivery_status": {"enabled": False},
            "_links": links(f"/campaigns/{identity}", "Campaigns", "DELETE"),
        }
        if sent is not None:
            opens, clicks = self._counted(row, 0.35), self._counted(row, 0.05)
            shown["report_summary"] = {
                "opens": opens * 3 // 2,
                "unique_opens": opens,
                "open_rate": opens / count,
                "clicks": clicks * 4 // 3,
                "subscriber_clicks": clicks,
                "click_rate": clicks / count,
                "ecommerce": {"total_orders": 0, "total_spent": 0, "total_revenue": 0},
            }
            shown["delivery_status"] = self._delivery(count)
        return shown

    def _delivery(self, count: int) -> dict[str, Any]:
        return {
            "enabled": True,
            "can_cancel": False,
            "status": "delivered",
            "emails_sent": count,
            "emails_canceled": 0,
        }

    def _subject(self, row: Row) -> str:
        return SUBJECTS[self._bits(row.index) // 64 % len(SUBJECTS)]

    # Reports: only of what was sent

    def _reports(self, call: Call) -> Reply:
        rows = [row for row in self._filtered(call, self._rows()) if self._sent(row) is not None]
        shown = [self._report(row) for row in page(call, rows)]
        return answer(call, {"reports": shown, "total_items": len(rows), "_links": links("/reports", "Reports")})

    def report(self, call: Call) -> Reply:
        row = self._found(call)
        return not_found(call) if row is None or self._sent(row) is None else answer(call, self._report(row))

    def _report(self, row: Row) -> dict[str, Any]:
        identity, sent, audience = self._id(row.index), self._sent(row) or 0, self._audience(row.index)
        count, opens, clicks = self._recipients(row), self._counted(row, 0.35), self._counted(row, 0.05)
        return {
            "id": identity,
            "campaign_title": f"{self._subject(row)} {row.index}",
            "type": "regular",
            "list_id": audience.list_id,
            "list_is_active": True,
            "list_name": audience.name,
            "subject_line": self._subject(row),
            "preview_text": "",
            "emails_sent": count,
            "abuse_reports": 0,
            "unsubscribed": self._counted(row, 0.004),
            "send_time": stamp(sent),
            "bounces": {
                "hard_bounces": self._counted(row, 0.002),
                "soft_bounces": self._counted(row, 0.004),
                "syntax_errors": 0,
            },
            "forwards": {"forwards_count": 0, "forwards_opens": 0},
            "opens": {
                "opens_total": opens * 3 // 2,
                "proxy_excluded_opens": opens,
                "unique_opens": opens,
                "proxy_excluded_unique_opens": opens * 2 // 3,
                "open_rate": opens / count,
                "proxy_excluded_open_rate": opens * 2 // 3 / count,
                "last_open": stamp(self._world.clock.ms()) if opens else "",
            },
            "clicks": {
                "clicks_total": clicks * 4 // 3,
                "unique_clicks": clicks,
                "unique_subscriber_clicks": clicks,
                "click_rate": clicks / count,
                "last_click": stamp(self._world.clock.ms()) if clicks else "",
            },
            "facebook_likes": {"recipient_likes": 0, "unique_likes": 0, "facebook_likes": 0},
            "list_stats": {
                "sub_rate": 4,
                "unsub_rate": 1,
                "open_rate": 31.4,
                "proxy_excluded_open_rate": 22.1,
                "click_rate": 4.2,
            },
            "timeseries": [
                {
                    "timestamp": stamp(sent - sent % HOUR + hour * HOUR),
                    "emails_sent": count if hour == 0 else 0,
                    "unique_opens": opens // (hour + 2),
                    "proxy_excluded_unique_opens": opens // (hour + 3),
                    "recipients_clicks": clicks // (hour + 2),
                }
                for hour in range(24)
            ],
            "ecommerce": {"total_orders": 0, "total_spent": 0, "total_revenue": 0, "currency_code": "USD"},
            "delivery_status": self._delivery(count),
            "_links": links(f"/reports/{identity}", "Reports"),
        }

    def _email_activity(self, call: Call) -> Reply:
        row = self._found(call)
        if row is None or self._sent(row) is None:
            return not_found(call)
        since = instant(call, "since")
        emails = [self._activity(row, place) for place in range(self._counted(row, 0.35))]
        if since is not None:
            emails = [one for one in emails if one["activity"] and one["at"] > since]
        shown = [{name: value for name, value in one.items() if name != "at"} for one in page(call, emails)]
        return answer(
            call, {"emails": shown, "campaign_id": self._id(row.index), "total_items": len(emails), "_links": []}
        )

    def _activity(self, row: Row, place: int) -> dict[str, Any]:
        audience, sent = self._audience(row.index), self._sent(row) or 0
        email = people.person(self._world, place).email
        # The nth to open does so when the curve reaches n, so that what was there before stays as it was.
        at = sent + int(HOUR * SETTLING * share(self._world.seed, row.index, place))
        action = {"action": "open", "timestamp": stamp(at), "ip": "192.0.2.1"}
        return {
            "campaign_id": self._id(row.index),
            "list_id": audience.list_id,
            "list_is_active": True,
            "email_id": hash_of(email),
            "email_address": email,
            "activity": [action],
            "_links": [],
            "at": at,
        }

    def _unsubscribed(self, call: Call) -> Reply:
        row = self._found(call)
        if row is None or self._sent(row) is None:
            return not_found(call)
        gone = [self._activity(row, place) for place in range(self._counted(row, 0.004))]
        shown = [
            {
                "email_id": one["email_id"],
                "email_address": one["email_address"],
                "timestamp": stamp(one["at"]),
                "reason": "None given",
                "campaign_id": one["campaign_id"],
                "list_id": one["list_id"],
                "list_is_active": True,
                "_links": [],
            }
            for one in page(call, gone)
        ]
        body = {"unsubscribes": shown, "campaign_id": self._id(row.index), "total_items": len(gone), "_links": []}
        return answer(call, body)
