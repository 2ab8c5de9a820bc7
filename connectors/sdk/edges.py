"""Lists of the Graph API ("edges"): paged by cursor, some of them filtered by the time of creation.

https://developers.facebook.com/docs/graph-api/results,
https://developers.facebook.com/docs/graph-api/guides/field-expansion. The links to the next page hold the token, and
are not followed: only the cursor is taken out of them. A short or empty page is no end as long as there is a next one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from connectors.sdk.base import Stream
from connectors.sdk.meta import TOO_MUCH
from connectors.sdk.streams import Ask, at, in_url, present_records, smaller
from connectors.sdk.timelines import Recency
from core.errors import BadReply
from core.http import JSON, Request, Response
from core.model import EMPTY_STATE, Column, Context, Page, State

LIMIT: Final = 100
_KEPT: Final = ("since", "full", "seen")


def next_cursor(response: Response) -> str | None:
    """The cursor of the next page, None where there is none. Raises BadReply for a next page without a cursor."""
    if not response.get("paging/next"):
        return None
    cursor = at("paging/cursors/after")(response, ()) or in_url("paging/next", "after")(response, ())
    if cursor is None:
        raise BadReply("the reply leads to a next page without a cursor")
    return str(cursor)


def shown(record: bytes, edge: str, most: int) -> Sequence[bytes] | None:
    """What a record shows of one of its edges, expanded with that limit; None where that may not be all."""
    told = Response(status=200, body=record)
    found = told.records(f"{edge}/data")
    return None if len(found) >= most or told.get(f"{edge}/paging/next") else found


def too_much(response: Response) -> bool:
    """Whether the platform asks for a smaller question. It is an error that the rules let through."""
    return TOO_MUCH in str(response.get("error/message", ""))


def edge_stream(
    *,
    name: str,
    ask: Ask,
    columns: tuple[Column, ...],
    settles: timedelta | None = None,
    forget_after: timedelta | None = None,
    readable: int | None = None,
    **more: Any,
) -> Stream:
    """A list, asked for with `limit`. Without `settles` it is read whole each time.

    `settles`: only what was created since the last walk began less that time is read, by the parameter `since`; what is
    older changes no more. `forget_after` that long the state is forgotten, so that a full walk finds what is gone and
    what changed late; but not where the last one saw `readable` records or more: then the platform may have left some
    out, which a full walk would take for gone. State: {"since": time, "full": time of the last full walk, "seen":
    records in it} between walks; those, {"after": cursor, "began": time} and a smaller {"limit"} in the middle.
    """

    recency = None if settles is None else Recency(settles=settles, forget_after=forget_after, readable=readable)

    def request(state: State, context: Context) -> Request:
        asked = ask(context)
        if settles is not None and "since" in state:
            begin = datetime.fromisoformat(str(state["since"])) - settles
            asked = asked.with_params(since=int(begin.timestamp()))
        if "limit" in state:
            asked = asked.with_params(limit=int(str(state["limit"])))
        return asked.with_params(after=str(state["after"])) if "after" in state else asked

    def parse(asked: Request, response: Response, state: State, context: Context) -> Page:
        began = str(state.get("began") or context.now.isoformat())
        known: dict[str, JSON] = {name: state[name] for name in (*_KEPT, "limit") if name in state}
        if too_much(response):
            return smaller(asked, {**state, "began": began})
        found = present_records(response, "data")
        if settles is not None and "since" not in known:
            known["seen"] = int(str(known.get("seen", 0))) + len(found)
        cursor = next_cursor(response)
        if cursor is not None:
            middle: State = {**known, "after": cursor, "began": began}
            return Page(records=found, state=middle, next=asked.with_params(after=cursor))
        if recency is None:
            return Page(records=found, state=EMPTY_STATE)
        memory = {"began": began, **known}
        whole = recency.whole(memory)
        if whole and recency.due(memory):
            return Page(records=found, state=EMPTY_STATE)
        ended: State = {"since": began, "full": known.get("full") or began, "seen": known.get("seen", 0)}
        return Page(records=found, state=ended, whole=whole)

    return Stream(name=name, columns=columns, request=request, parse=parse, **more)


def node_stream(*, name: str, ask: Ask, columns: tuple[Column, ...], **more: Any) -> Stream:
    """One object, read at each sync: a snapshot a day, because its counters' history is the point."""

    def request(state: State, context: Context) -> Request:
        return ask(context)

    def parse(asked: Request, response: Response, state: State, context: Context) -> Page:
        if too_much(response):
            raise BadReply("the platform finds one object too much to tell")
        return Page(records=response.records(), state=EMPTY_STATE)

    return Stream(name=name, columns=columns, request=request, parse=parse, mode="snapshot", **more)


def optional(asked: Request) -> Request:
    """The same question about something that may be gone by now, which then is no error."""
    return replace(asked, optional=True)
