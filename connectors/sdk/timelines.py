"""Timelines told newest first that cannot be filtered by time: read down to where the last walk began."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from connectors.sdk.base import Stream
from connectors.sdk.streams import Ask, NextToken, present_records, to_page
from core.http import JSON, Request, Response
from core.model import EMPTY_STATE, Column, Context, Page, State


def recent_first(
    *,
    name: str,
    ask: Ask,
    records: str,
    columns: tuple[Column, ...],
    time: Callable[[bytes], datetime],
    next_token: NextToken,
    token_param: str,
    settles: timedelta,
    forget_after: timedelta | None = None,
    in_body: bool = False,
    empty_count: str = "",
    sweep: bool = False,
    **more: Any,
) -> Stream:
    """`time(record)`, with a time zone, is what the list is ordered by, the latest first.

    A walk ends after the page that holds a record older than the beginning of the last walk less `settles`: counters
    and texts of younger ones still change. With `forget_after` everything is read anew that long after the last full
    walk, so that with `sweep` a full walk finds what is gone. State: {"since": beginning of the last walk, "full": of
    the last full one} between walks; {"page": token, "began": time} and those two where known in the middle of one.
    """

    def request(state: State, context: Context) -> Request:
        first = ask(context)
        return to_page(first, token_param, state["page"], in_body) if "page" in state else first

    def parse(asked: Request, response: Response, state: State, context: Context) -> Page:
        found = present_records(response, records, empty_count)
        began = str(state.get("began") or context.now.isoformat())
        known: dict[str, JSON] = {name: state[name] for name in ("since", "full") if name in state}
        token = None if _reached(found, known) else next_token(response, found)
        if token is not None:
            middle: State = {"page": token, "began": began, **known}
            return Page(records=found, state=middle, next=to_page(asked, token_param, token, in_body))
        full = str(known.get("full") or began)
        if forget_after is not None and datetime.fromisoformat(began) - datetime.fromisoformat(full) >= forget_after:
            return Page(records=found, state=EMPTY_STATE)
        return Page(records=found, state={"since": began, "full": full})

    def _reached(found: list[bytes], known: dict[str, JSON]) -> bool:
        if "since" not in known or not found:
            return False
        return time(found[-1]) < datetime.fromisoformat(str(known["since"])) - settles

    return Stream(name=name, columns=columns, request=request, parse=parse, sweep=sweep, **more)
