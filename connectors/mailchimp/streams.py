"""What is read of Mailchimp: audiences, their members and segments, campaigns, and what became of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Final

from connectors.mailchimp.writes import member_write
from connectors.sdk.base import Parent, Stream, Version
from connectors.sdk.streams import offset_stream, value_of
from core.http import Request, Response
from core.model import Column, Context, Deletion, Page, State

VERSION: Final = Version(name="3.0", read=date(2026, 11, 23))
_SIZE: Final = 1000
_SINCE: Final = "since_last_changed"


def _list_stream(name: str, path: str, kind: str, columns: tuple[Column, ...], about: str, **more: Any) -> Stream:
    def ask(context: Context) -> Request:
        args = {"above": str(context.parent["id"])} if context.parent is not None else {}
        return Request(path=path, args=args, params={"exclude_fields": f"_links,{kind}._links"})

    return offset_stream(
        name=name,
        ask=ask,
        records=kind,
        total="total_items",
        size=_SIZE,
        columns=columns,
        about=about,
        **more,
    )


_AUDIENCE: Final = (
    Column(name="id", required=True),
    Column(name="name", required=True),
    Column(name="member_count", type="integer", path="stats/member_count", minimum=0),
    Column(name="unsubscribe_count", type="integer", path="stats/unsubscribe_count", minimum=0),
    Column(name="cleaned_count", type="integer", path="stats/cleaned_count", minimum=0),
    Column(name="campaign_count", type="integer", path="stats/campaign_count", minimum=0),
    Column(name="open_rate", type="number", path="stats/open_rate", minimum=0, about="Percent."),
    Column(name="click_rate", type="number", path="stats/click_rate", minimum=0, about="Percent."),
)
AUDIENCES: Final = _list_stream(
    "audiences",
    "/3.0/lists",
    "lists",
    (
        *_AUDIENCE,
        Column(name="list_rating", type="number"),
        Column(name="visibility"),
        Column(name="double_optin", type="boolean"),
        Column(name="date_created", type="timestamp", required=True),
        Column(name="campaign_last_sent", type="timestamp", path="stats/campaign_last_sent"),
        Column(name="last_sub_date", type="timestamp", path="stats/last_sub_date"),
        Column(name="last_unsub_date", type="timestamp", path="stats/last_unsub_date"),
    ),
    "The audiences (lists).",
)
AUDIENCES_DAILY: Final = _list_stream(
    "audiences_daily",
    "/3.0/lists",
    "lists",
    _AUDIENCE,
    "The counters of each audience, day by day.",
    mode="snapshot",
    sweep=False,
)


def _members() -> Stream:
    """Members of an audience. A walk for changes ends with a look at those that were archived since.

    The state is that of `offset_stream`, in that last look with {"archived_since": time, "archived_offset": n}.
    """
    listing = _list_stream(
        "members",
        "/3.0/lists/{above}/members",
        "members",
        (
            Column(name="id", required=True, pattern=r"[0-9a-f]{32}"),
            Column(name="list_id", required=True),
            Column(name="contact_id"),
            Column(name="unique_email_id"),
            Column(name="email_address"),
            Column(name="full_name"),
            Column(name="first_name", path="merge_fields/FNAME"),
            Column(name="last_name", path="merge_fields/LNAME"),
            Column(
                name="status",
                required=True,
                choices=("subscribed", "unsubscribed", "cleaned", "pending", "transactional", "archived"),
            ),
            Column(name="member_rating", type="integer"),
            Column(name="vip", type="boolean"),
            Column(name="language"),
            Column(name="country_code", path="location/country_code"),
            Column(name="source"),
            Column(name="avg_open_rate", type="number", path="stats/avg_open_rate"),
            Column(name="avg_click_rate", type="number", path="stats/avg_click_rate"),
            Column(name="timestamp_signup", type="timestamp"),
            Column(name="timestamp_opt", type="timestamp"),
            Column(name="last_changed", type="timestamp", required=True),
            Column(name="tags", type="json"),
        ),
        "The people of each audience.",
        key=("list_id", "id"),
        parent=Parent(stream="audiences", columns=("id",)),
        since_param=_SINCE,
        forget_after=timedelta(days=7),
    )

    def archived(state: State, context: Context) -> Request:
        first = listing.request({"since": state["archived_since"], "offset": state["archived_offset"]}, context)
        return first.with_params(status="archived")

    def request(state: State, context: Context) -> Request:
        if "archived_since" in state:
            return archived(state, context)
        # By a time that does not change when a member does, so that pages do not shift while they are read.
        return listing.request(state, context).with_params(sort_field="timestamp_opt", sort_dir="ASC")

    def parse(asked: Request, response: Response, state: State, context: Context) -> Page:
        page = listing.parse(asked, response, state, context)
        if "archived_since" in state:
            gone = [
                Deletion(match={name: str(value_of(record, name)) for name in ("list_id", "id")})
                for record in page.records
            ]
            after = {name: state[name] for name in ("since", "full") if name in state}
            if page.next is not None:
                after |= {
                    "archived_since": state["archived_since"],
                    "archived_offset": page.state["offset"],
                }
            return replace(page, records=(), deleted=gone, state=after)
        # A full walk has no need of that: whom it does not see is gone.
        if page.next is not None or _SINCE not in asked.params or not page.state:
            return page
        last_look: State = {**page.state, "archived_since": str(asked.params[_SINCE]), "archived_offset": 0}
        return replace(page, state=last_look, next=archived(last_look, context))

    return replace(listing, request=request, parse=parse, write=member_write(listing.columns))


MEMBERS: Final = _members()
CAMPAIGNS: Final = _list_stream(
    "campaigns",
    "/3.0/campaigns",
    "campaigns",
    (
        Column(name="id", required=True),
        Column(name="type", required=True),
        Column(name="status", required=True),
        Column(name="title", path="settings/title"),
        Column(name="subject_line", path="settings/subject_line"),
        Column(name="list_id", path="recipients/list_id"),
        Column(name="recipient_count", type="integer", path="recipients/recipient_count", minimum=0),
        Column(name="emails_sent", type="integer", minimum=0),
        Column(name="create_time", type="timestamp", required=True),
        Column(name="send_time", type="timestamp"),
        Column(name="opens", type="integer", path="report_summary/opens", minimum=0),
        Column(name="open_rate", type="number", path="report_summary/open_rate", minimum=0, about="A part of one."),
        Column(name="clicks", type="integer", path="report_summary/clicks", minimum=0),
        Column(name="click_rate", type="number", path="report_summary/click_rate", minimum=0, about="A part of one."),
    ),
    "The campaigns, in every state.",
)
REPORTS: Final = _list_stream(
    "reports",
    "/3.0/reports",
    "reports",
    (
        Column(name="id", required=True),
        Column(name="campaign_title"),
        Column(name="type"),
        Column(name="list_id"),
        Column(name="subject_line"),
        Column(name="emails_sent", type="integer", minimum=0),
        Column(name="abuse_reports", type="integer", minimum=0),
        Column(name="unsubscribed", type="integer", minimum=0),
        Column(name="hard_bounces", type="integer", path="bounces/hard_bounces", minimum=0),
        Column(name="soft_bounces", type="integer", path="bounces/soft_bounces", minimum=0),
        Column(name="opens_total", type="integer", path="opens/opens_total", minimum=0),
        Column(name="unique_opens", type="integer", path="opens/unique_opens", minimum=0),
        Column(name="open_rate", type="number", path="opens/open_rate", minimum=0, about="A part of one."),
        Column(name="clicks_total", type="integer", path="clicks/clicks_total", minimum=0),
        Column(name="unique_clicks", type="integer", path="clicks/unique_clicks", minimum=0),
        Column(name="click_rate", type="number", path="clicks/click_rate", minimum=0, about="A part of one."),
        Column(name="send_time", type="timestamp"),
    ),
    "What became of each campaign that was sent; the figures move for weeks.",
)
SEGMENTS: Final = _list_stream(
    "segments",
    "/3.0/lists/{above}/segments",
    "segments",
    (
        Column(name="id", required=True),
        Column(name="list_id", required=True),
        Column(name="name", required=True),
        Column(name="type"),
        Column(name="member_count", type="integer", minimum=0),
        Column(name="created_at", type="timestamp"),
        Column(name="updated_at", type="timestamp"),
    ),
    "The segments and tags of each audience.",
    key=("list_id", "id"),
    parent=Parent(stream="audiences", columns=("id",)),
)
MERGE_FIELDS: Final = _list_stream(
    "merge_fields",
    "/3.0/lists/{above}/merge-fields",
    "merge_fields",
    (
        Column(name="id", path="merge_id", required=True),
        Column(name="list_id", required=True),
        Column(name="tag", required=True, about="What members call it."),
        Column(name="name"),
        Column(name="type"),
        Column(name="required", type="boolean"),
        Column(name="default_value"),
        Column(name="public", type="boolean"),
        Column(name="display_order", type="integer"),
        Column(name="options", type="json", about="What may be chosen, and the form of dates and phone numbers."),
    ),
    "What each audience asks of its members, beside the address.",
    key=("list_id", "id"),
    parent=Parent(stream="audiences", columns=("id",)),
)
UNSUBSCRIBES: Final = _list_stream(
    "unsubscribes",
    "/3.0/reports/{above}/unsubscribed",
    "unsubscribes",
    (
        Column(name="campaign_id", required=True),
        Column(name="email_id", required=True),
        Column(name="email_address"),
        Column(name="list_id"),
        Column(name="reason"),
        Column(name="timestamp", type="timestamp"),
    ),
    "Who left after which campaign, and why.",
    key=("campaign_id", "email_id"),
    parent=Parent(stream="reports", columns=("id",)),
)
