"""Streams of two kinds of call in turn: a list that tells ids, then the records of these ids."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from connectors.sdk.base import Stream
from connectors.sdk.streams import Ask, NextToken, one_page, present_records, to_page
from connectors.sdk.timelines import Recency
from core.http import JSON, Request, Response
from core.model import EMPTY_STATE, Column, Context, Page, State


def never(response: Response, context: Context) -> bool:
    return False


def lookup_stream(
    *,
    name: str,
    ask: Ask,
    ids: Callable[[Response], Sequence[str]],
    look_up: Callable[[Sequence[str], Context], Request],
    cut: Callable[[Response, Context], Sequence[bytes]],
    columns: tuple[Column, ...],
    next_token: NextToken = one_page,
    token_param: str = "page",
    in_body: bool = False,
    enough: Callable[[Response, Context], bool] = never,
    recency: Recency | None = None,
    oldest: Callable[[Response], datetime | None] = lambda response: None,
    **more: Any,
) -> Stream:
    """`ask` lists, `ids(reply)` are looked up together with `look_up`, and `cut` takes the records out of that reply.

    A page of the list holds at most as many ids as one look-up takes. `enough(reply, now)` ends the walk after this
    page of the list: for those whose older records no longer change. So does `recency`, where the list is told newest
    first and `oldest(reply)` is the moment of a page's last entry. State in the middle of a walk: {"page": token}
    before a page of the list, {"ids": [...]} before a look-up, with {"page": token} where the list goes on after it;
    and what `recency` remembers, between walks as well.
    """

    def request(state: State, context: Context) -> Request:
        if "ids" in state:
            return look_up(_texts(state["ids"]), context)
        return _listing(state.get("page"), context)

    def _listing(token: JSON, context: Context) -> Request:
        first = ask(context)
        return first if token is None else to_page(first, token_param, token, in_body)

    def parse(asked: Request, response: Response, state: State, context: Context) -> Page:
        memory = recency.memory(state, context) if recency else {}
        if "ids" in state:
            return _after_look_up(cut(response, context), state.get("page"), memory, context)
        found = list(ids(response))
        token = None if enough(response, context) or _reached(response, memory) else next_token(response, ())
        if not found:
            return _after_look_up((), token, memory, context)
        middle: dict[str, JSON] = {"ids": [*found], **memory}
        if token is not None:
            middle["page"] = token
        return Page(records=(), state=middle, next=look_up(found, context))

    def _reached(response: Response, memory: State) -> bool:
        moment = oldest(response) if recency else None
        return recency is not None and moment is not None and recency.reached(moment, memory)

    def _after_look_up(records: Sequence[bytes], token: JSON, memory: State, context: Context) -> Page:
        if token is None:
            return Page(records=records, state=recency.ended(memory) if recency else EMPTY_STATE)
        return Page(records=records, state={"page": token, **memory}, next=_listing(token, context))

    return Stream(name=name, columns=columns, request=request, parse=parse, **more)


def listed(records: str) -> Callable[[Response, Context], Sequence[bytes]]:
    """The records are the list at this path, which must be there, be it empty."""
    return lambda response, context: present_records(response, records)


def _texts(found: JSON) -> list[str]:
    assert isinstance(found, list)
    return [str(one) for one in found]
