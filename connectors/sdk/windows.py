"""Figures per day that are asked for by a range of days: read window by window, the latest days again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, timedelta
from typing import Any, Final, TypeAlias

from connectors.sdk.base import Stream
from connectors.sdk.buckets import DEFAULT_HISTORY, HISTORY_SETTING
from connectors.sdk.streams import to_page
from core.http import JSON, Request, Response
from core.model import Column, Context, Deletion, Page, State

AskDays: TypeAlias = Callable[[Context, date, date], Request]
"""The question for these days, both included."""

_DAY: Final = timedelta(days=1)


def today_in_utc(context: Context) -> date:
    return context.now.astimezone(UTC).date()


def last_page(response: Response, records: Sequence[bytes], asked: Request) -> JSON:
    """Each window is one reply."""
    return None


def window_stream(
    *,
    name: str,
    ask: AskDays,
    cut: Callable[[Response, Context], Sequence[bytes]],
    columns: tuple[Column, ...],
    key: tuple[str, ...],
    days: int,
    still_changing: int,
    day_column: str = "",
    next_token: Callable[[Response, Sequence[bytes], Request], JSON] = last_page,
    token_param: str = "page",
    in_body: bool = False,
    today: Callable[[Context], date] = today_in_utc,
    reach: int | None = None,
    **more: Any,
) -> Stream:
    """Windows of `days` days, oldest first, up to and including today.

    The first walk goes back as many days as the setting `history_days` says; each later one begins `still_changing`
    days before the last complete day. Of what is more than `reach` days before today the platform tells nothing. With
    `day_column` (of type date), a day that is read again replaces what was known of it: for figures whose groups come
    and go. `cut` makes one record a row. State: {"since": last complete day} between walks; in the middle {"next":
    first day of the window to go on from} as well, with {"page": token, "until": last day} within a window of several
    pages.
    """

    def _window(state: State, context: Context) -> tuple[date, date]:
        if "next" in state:
            begin = date.fromisoformat(str(state["next"]))
        elif "since" in state:
            begin = date.fromisoformat(str(state["since"])) - still_changing * _DAY
        else:
            begin = today(context) - int(str(context.settings.get(HISTORY_SETTING) or DEFAULT_HISTORY)) * _DAY
        if reach is not None:
            begin = max(begin, today(context) - reach * _DAY)
        if "until" in state:
            return begin, date.fromisoformat(str(state["until"]))
        return begin, max(begin, min(begin + (days - 1) * _DAY, today(context)))

    def request(state: State, context: Context) -> Request:
        asked = ask(context, *_window(state, context))
        return to_page(asked, token_param, state["page"], in_body) if "page" in state else asked

    def parse(asked: Request, response: Response, state: State, context: Context) -> Page:
        begin, end = _window(state, context)
        records = cut(response, context)
        again = bool(day_column) and "since" in state and "page" not in state
        gone = [Deletion(match={day_column: day.isoformat()}) for day in _days(begin, end)] if again else []
        known: dict[str, JSON] = {"since": state["since"]} if "since" in state else {}
        token = next_token(response, records, asked)
        after: State
        if token is not None:
            after = {**known, "next": begin.isoformat(), "until": end.isoformat(), "page": token}
        elif end < today(context):
            after = {**known, "next": (end + _DAY).isoformat()}
        else:
            after = {"since": (end - _DAY).isoformat()}
        goes_on = "next" in after
        return Page(
            records=records,
            deleted=gone,
            deleted_at=[0] * len(gone),
            state=after,
            next=request(after, context) if goes_on else None,
        )

    return Stream(name=name, columns=columns, request=request, parse=parse, key=key, **more)


def _days(begin: date, end: date) -> list[date]:
    return [begin + count * _DAY for count in range((end - begin).days + 1)]
