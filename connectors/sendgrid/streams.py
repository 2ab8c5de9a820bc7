"""What is read of SendGrid: lists, segments, single sends, templates, figures per day, and who is not written to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from connectors.sdk.base import Stream, Version
from connectors.sdk.streams import in_url, present_records, token_stream, value_of, with_members
from connectors.sdk.windows import window_stream
from connectors.sendgrid.contacts import CONTACTS
from connectors.sendgrid.writes import LIST_WRITE, suppression_write
from core.http import JSON, Params, Request, Response
from core.model import EMPTY_STATE, Column, ColumnType, Context, Page, State

VERSION: Final = Version(name="v3", read=date(2026, 11, 24))
_SIZE: Final = 500
_COMMON: Final = 10  # so many may vanish between two pages without one that stays being missed
_OVERLAP: Final = timedelta(minutes=10)
_ALL_AGAIN: Final = timedelta(days=7)


def _list(
    name: str, path: str, records: str, size: int, columns: tuple[Column, ...], about: str, **more: Any
) -> Stream:
    params = {"page_size": size} if size else {}
    return token_stream(
        name=name,
        ask=lambda context: Request(path=path, params={**params, **more.get("params", {})}),
        records=records,
        next_token=in_url("_metadata/next", "page_token"),
        token_param="page_token",
        columns=columns,
        about=about,
        **{name: value for name, value in more.items() if name != "params"},
    )


def _counts(*names: str, at: str = "") -> tuple[Column, ...]:
    return tuple(Column(name=name, type="integer", path=f"{at}{name}", minimum=0) for name in names)


def _suppressions(name: str, about: str, *columns: Column) -> Stream:
    """Addresses that are not written to, by when that began; read up to the beginning of the walk.

    Nothing tells how many there are: the walk ends with a page that is not full, and neighbouring pages have records
    in common. State: {"since", "full"} between walks, {"offset", "until"} with them in the middle.
    """
    path = f"/v3/suppression/{name}"

    def request(state: State, context: Context) -> Request:
        asked = Request(path=path, params={"limit": _SIZE, "offset": int(str(state.get("offset", 0)))})
        until = int(str(state.get("until") or _seconds(context.now)))
        since = state.get("since")
        return asked.with_params(end_time=until, start_time=int(str(since)) if since is not None else None)

    def parse(asked: Request, response: Response, state: State, context: Context) -> Page:
        found = present_records(response, "")
        until, offset = int(str(asked.params["end_time"])), int(str(asked.params["offset"]))
        known: dict[str, JSON] = {name: state[name] for name in ("since", "full") if name in state}
        if len(found) >= _SIZE:
            after: State = {"offset": offset + _SIZE - _COMMON, "until": until, **known}
            return Page(records=found, state=after, next=request(after, context))
        full = int(str(known.get("full", until)))
        if until - full >= _ALL_AGAIN.total_seconds():
            return Page(records=found, state=EMPTY_STATE)
        return Page(records=found, state={"since": until - int(_OVERLAP.total_seconds()), "full": full})

    return Stream(
        name=name,
        columns=(
            Column(name="email", required=True),
            Column(name="created", type="epoch", required=True),
            *columns,
        ),
        request=request,
        parse=parse,
        key=("email",),
        ahead=_nothing_ahead,
        sweep=True,
        scopes=("suppression.read",),
        write=suppression_write(path, global_one=name == "unsubscribes"),
        about=about,
    )


def _nothing_ahead(asked: Request, response: Response) -> Iterator[Request]:
    """Pages are counted here, but how many there will be is not known."""
    return iter(())


def _seconds(moment: datetime) -> int:
    return int(moment.astimezone(UTC).timestamp())


_REASON: Final = Column(name="reason")
_FIGURES: Final = (
    "blocks", "bounce_drops", "bounces", "clicks", "deferred", "delivered", "invalid_emails", "opens", "processed",
    "requests", "spam_report_drops", "spam_reports", "unique_clicks", "unique_opens", "unsubscribe_drops",
    "unsubscribes",
)  # fmt: skip
_SEND_FIGURES: Final = (
    "bounce_drops", "bounces", "clicks", "delivered", "invalid_emails", "opens", "requests", "spam_report_drops",
    "spam_reports", "unique_clicks", "unique_opens", "unsubscribes",
)  # fmt: skip


def _days(response: Response, context: Context) -> Sequence[bytes]:
    """One record a day: its date before the figures of the only group there is."""
    return [
        with_members(_inner(group, "metrics"), {"date": value_of(day, "date")})
        for day in present_records(response, "")
        for group in Response(status=200, body=day).records("stats")
    ]


def _inner(record: bytes, path: str) -> bytes:
    return Response(status=200, body=record).raw(path) or b"{}"


def _ask_days(context: Context, begin: date, end: date) -> Request:
    params: Params = {
        "start_date": begin.isoformat(),
        "end_date": end.isoformat(),
        "aggregated_by": "day",
        "limit": _SIZE,
    }
    return Request(path="/v3/stats", params=params)


def _column(name: str, type_: ColumnType) -> Column:
    return Column(name=name, type=type_)


_MARKETING: Final = ("marketing.read",)
LISTS: Final = _list(
    "lists",
    "/v3/marketing/lists",
    "result",
    1000,
    (Column(name="id", required=True), Column(name="name", required=True), *_counts("contact_count")),
    "The lists that contacts are on.",
    scopes=_MARKETING,
    write=LIST_WRITE,
)
SEGMENTS: Final = _list(
    "segments",
    "/v3/marketing/segments/2.0",
    "results",
    0,
    (
        Column(name="id", required=True),
        Column(name="name", required=True),
        *_counts("contacts_count"),
        Column(name="query_version"),
        Column(name="query_validation", path="status/query_validation"),
        Column(name="parent_list_ids", type="json"),
        _column("created_at", "timestamp"),
        _column("updated_at", "timestamp"),
        _column("sample_updated_at", "timestamp"),
        _column("next_sample_update", "timestamp"),
    ),
    "The segments that queries make of contacts.",
    scopes=_MARKETING,
)
SINGLE_SENDS: Final = _list(
    "single_sends",
    "/v3/marketing/singlesends",
    "result",
    100,
    (
        Column(name="id", required=True),
        Column(name="name"),
        Column(name="status"),
        _column("is_abtest", "boolean"),
        Column(name="categories", type="json"),
        _column("send_at", "timestamp"),
        _column("created_at", "timestamp"),
        _column("updated_at", "timestamp"),
    ),
    "The campaigns that go out once.",
    scopes=_MARKETING,
)
SINGLE_SEND_STATS: Final = _list(
    "single_send_stats",
    "/v3/marketing/stats/singlesends",
    "results",
    50,
    (
        Column(name="id", required=True),
        Column(name="ab_phase", required=True),
        Column(name="ab_variation", required=True),
        Column(name="aggregation"),
        *_counts(*_SEND_FIGURES, at="stats/"),
    ),
    "What became of each single send, day by day.",
    key=("id", "ab_phase", "ab_variation"),
    mode="snapshot",
    sweep=False,
    scopes=_MARKETING,
)
TEMPLATES: Final = _list(
    "templates",
    "/v3/templates",
    "result",
    200,
    (
        Column(name="id", required=True),
        Column(name="name"),
        Column(name="generation"),
        _column("updated_at", "timestamp"),
        Column(name="versions", type="json"),
    ),
    "The templates of mails, legacy and dynamic ones.",
    params={"generations": "legacy,dynamic"},
    scopes=("templates.read",),
)
SUPPRESSION_GROUPS: Final = _list(
    "suppression_groups",
    "/v3/asm/groups",
    "",
    0,
    (
        Column(name="id", required=True),
        Column(name="name"),
        Column(name="description"),
        _column("is_default", "boolean"),
        *_counts("unsubscribes"),
    ),
    "The groups of mails that one can leave apart.",
    scopes=("asm.groups.read",),
)
GROUP_SUPPRESSIONS: Final = _list(
    "group_suppressions",
    "/v3/asm/suppressions",
    "",
    0,
    (
        Column(name="email", required=True),
        Column(name="group_id", required=True),
        Column(name="group_name"),
        Column(name="created_at", type="epoch"),
    ),
    "Who left which group.",
    key=("group_id", "email"),
    scopes=("asm.groups.read",),
)
STATS: Final = window_stream(
    name="stats",
    ask=_ask_days,
    cut=_days,
    columns=(Column(name="date", type="date", required=True), *_counts(*_FIGURES)),
    key=("date",),
    days=90,
    still_changing=5,
    scopes=("stats.read",),
    about="What was sent and what became of it, day by day.",
)
STREAMS: Final = (
    CONTACTS,
    LISTS,
    SEGMENTS,
    SINGLE_SENDS,
    SINGLE_SEND_STATS,
    TEMPLATES,
    _suppressions("bounces", "Addresses that bounced.", _REASON, Column(name="status")),
    _suppressions("blocks", "Addresses whose server refused for now.", _REASON, Column(name="status")),
    _suppressions("invalid_emails", "Addresses that cannot be.", _REASON),
    _suppressions("spam_reports", "Who called a mail spam.", Column(name="ip")),
    _suppressions("unsubscribes", "Who wants no mail at all."),
    SUPPRESSION_GROUPS,
    GROUP_SUPPRESSIONS,
    STATS,
)
