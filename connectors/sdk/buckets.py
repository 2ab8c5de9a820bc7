"""Figures told in time buckets: what was used and what it cost, day by day."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from connectors.sdk.base import Stream
from connectors.sdk.streams import Ask, iso, present_records, value_of, with_members
from core.errors import BadReply
from core.http import JSON, Request, Response
from core.model import EMPTY_STATE, Column, Context, Deletion, Page, State

HISTORY_SETTING: Final = "history_days"
DEFAULT_HISTORY: Final = 30
STILL_CHANGING: Final = timedelta(days=3)

# What a result does not say itself: its bucket, and one text for its group, whose parts may be null.
BUCKET_COLUMNS: Final = (
    Column(name="start_time", type="epoch", required=True),
    Column(name="end_time", type="epoch", required=True),
    Column(name="group_key", required=True, about="The values grouped by, as a JSON list."),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketTimes:
    """How a platform writes when a bucket begins (also the parameter to begin from) and ends: the names, and whether
    as RFC 3339 text instead of seconds since 1970."""

    begin: str = "start_time"
    end: str = "end_time"
    text: bool = False

    def write(self, seconds: int) -> str | int:
        return iso(datetime.fromtimestamp(seconds, UTC)) if self.text else seconds

    def read(self, bucket: Response, member: str) -> int:
        """Seconds since 1970. Raises BadReply where there is no such time."""
        found = bucket.get(member)
        try:
            return int(datetime.fromisoformat(found).timestamp()) if self.text else _whole(found)
        except (TypeError, ValueError):
            raise BadReply("the reply holds a bucket without its times") from None


SECONDS: Final = BucketTimes()


def bucket_stream(
    *,
    name: str,
    ask: Ask,
    group_by: Sequence[str],
    columns: tuple[Column, ...],
    size: int,
    times: BucketTimes = SECONDS,
    computed: Callable[[bytes], Mapping[str, JSON]] = lambda result: {},
    still_changing: timedelta = STILL_CHANGING,
    **more: Any,
) -> Stream:
    """Results per UTC day and group, in pages of `size` days told oldest first.

    The first walk goes back as many days as the setting `history_days` says; each later one begins `still_changing`
    before the last complete day. A day that is read again replaces what was known of it, because results move between
    groups. `computed(result)` are members that a result has besides those told. State: {"since": start of the last
    complete day}; in the middle of a walk {"next": start of the day to go on from} as well. Page tokens are not kept,
    so none can be refused later.
    """

    def request(state: State, context: Context) -> Request:
        begin = times.write(_start(state, context))
        first = ask(context).with_params(**{times.begin: begin}, bucket_width="1d", limit=size)
        return first.with_params(**{"group_by[]": list(group_by)})

    def _start(state: State, context: Context) -> int:
        if "next" in state:
            return int(str(state["next"]))
        if "since" in state:
            return int(str(state["since"])) - int(still_changing.total_seconds())
        today = context.now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        days = int(str(context.settings.get(HISTORY_SETTING) or DEFAULT_HISTORY))
        return int((today - timedelta(days=days)).timestamp())

    def parse(asked: Request, response: Response, state: State, context: Context) -> Page:
        records: list[bytes] = []
        deleted: list[Deletion] = []
        deleted_at: list[int] = []
        complete = state.get("complete")
        goes_on_at: JSON = state.get("next", _start(state, context))
        for bucket in (Response(status=200, body=raw) for raw in present_records(response, "data")):
            begin, end = times.read(bucket, times.begin), times.read(bucket, times.end)
            if "since" in state:
                deleted.append(Deletion(match={"start_time": str(begin)}))
                deleted_at.append(len(records))
            around: dict[str, JSON] = {"start_time": begin, "end_time": end}
            records += [
                with_members(record, {**around, "group_key": group_key(record, group_by), **computed(record)})
                for record in bucket.records("results")
            ]
            goes_on_at = end
            if datetime.fromtimestamp(end, UTC) <= context.now:
                complete = begin
        token = response.get("next_page")
        if token is None:
            since = complete if complete is not None else state.get("since")
            after: State = {"since": since} if since is not None else EMPTY_STATE
            return Page(records=records, deleted=deleted, deleted_at=deleted_at, state=after)
        middle = {"next": goes_on_at, "complete": complete, "since": state.get("since")}
        return Page(
            records=records,
            deleted=deleted,
            deleted_at=deleted_at,
            state={name: value for name, value in middle.items() if value is not None},
            next=asked.with_params(page=str(token)),
        )

    return Stream(
        name=name,
        columns=(*BUCKET_COLUMNS, *columns),
        request=request,
        parse=parse,
        key=("start_time", "group_key"),
        **more,
    )


def _whole(found: Any) -> int:
    if not isinstance(found, int):
        raise TypeError("no whole number")
    return found


def group_key(record: bytes, group_by: Sequence[str]) -> str:
    """The values at these paths as one text, a JSON list, which tells apart what is null from what is not."""
    return msgspec.json.encode([value_of(record, name) for name in group_by]).decode()
