"""Streams of what stands inside the records of another list: a few are shown with these, more are asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeAlias

from connectors.sdk.base import Stream
from connectors.sdk.streams import Ask, NextToken, present_records, to_page
from connectors.sdk.timelines import Recency
from core.http import JSON, Request, Response
from core.model import Column, Context, Page, State

Inside: TypeAlias = Callable[[bytes], tuple[Sequence[bytes], str | None]]
"""The records inside an outer one, if they are all there; else the id by which all of them are asked for."""


def inlined_stream(
    *,
    name: str,
    ask: Ask,
    ask_inside: Callable[[str, Context], Request],
    inside: Inside,
    records: str,
    columns: tuple[Column, ...],
    time: Callable[[bytes], datetime],
    recency: Recency,
    next_token: NextToken,
    token_param: str = "page",
    empty_count: str = "",
    **more: Any,
) -> Stream:
    """`ask` lists outer records, newest first by `time`; `ask_inside(id)` lists what is inside one. Both have their
    records at `records` and page in the same way.

    State in the middle of a walk: {"page": token} before a page of the outer list; {"inside": [ids]} before a page of
    the first of these, with {"inner_page": token} after its first and {"page"} where the outer list goes on; and what
    `recency` remembers, between walks as well.
    """

    def request(state: State, context: Context) -> Request:
        if "inside" in state:
            asked, token = ask_inside(_ids(state)[0], context), state.get("inner_page")
        else:
            asked, token = ask(context), state.get("page")
        return asked if token is None else to_page(asked, token_param, token)

    def parse(asked: Request, response: Response, state: State, context: Context) -> Page:
        memory = recency.memory(state, context)
        found = present_records(response, records, empty_count)
        token: JSON = next_token(response, found)
        if "inside" in state:
            left = _ids(state) if token is not None else _ids(state)[1:]
            return _page(found, left, token, state.get("page"), memory, context)
        if found and recency.reached(time(found[-1]), memory):
            token = None
        parted = [inside(record) for record in found]
        here = [record for within, _ in parted for record in within]
        return _page(here, [one for _, one in parted if one is not None], None, token, memory, context)

    def _page(
        found: Sequence[bytes], left: Sequence[str], inner: JSON, outer: JSON, memory: State, context: Context
    ) -> Page:
        after: dict[str, JSON] = {"inside": [*left]} if left else {}
        after |= {name: token for name, token in (("inner_page", inner), ("page", outer)) if token is not None}
        if not after:
            return Page(records=found, state=recency.ended(memory))
        return Page(records=found, state={**after, **memory}, next=request(after, context))

    return Stream(name=name, columns=columns, request=request, parse=parse, **more)


def _ids(state: State) -> list[str]:
    found = state["inside"]
    assert isinstance(found, list)
    return [str(one) for one in found]
