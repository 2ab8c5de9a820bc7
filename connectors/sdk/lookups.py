"""Streams of two kinds of call in turn: a list that tells ids, then the records of these ids."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from connectors.sdk.base import Stream
from connectors.sdk.streams import Ask, NextToken, one_page, present_records, to_page
from connectors.sdk.timelines import Recency
from core.http import JSON, Request, Response
from core.model import EMPTY_STATE, Column, Context, Page, State


def never(response: Response, context: Context) -> bool:
    return False


def together(ids: Sequence[str], context: Context) -> Sequence[Sequence[str]]:
    return [ids]


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
    batches: Callable[[Sequence[str], Context], Sequence[Sequence[str]]] = together,
    enough: Callable[[Response, Context], bool] = never,
    recency: Recency | None = None,
    oldest: Callable[[Response], datetime | None] = lambda response: None,
    **more: Any,
) -> Stream:
    """`ask` lists, `ids(reply)` are looked up together with `look_up`, and `cut` takes the records out of that reply.

    A page of the list holds at most as many ids as one look-up takes, unless `batches(ids, now)` parts them, as where
    not all may be asked the same. `enough(reply, now)` ends the walk after this page of the list: for those whose
    older records no longer change. So does `recency`, where the list is told newest first and `oldest(reply)` is the
    moment of a page's last entry. State in the middle of a walk: {"page": token} before a page of the list,
    {"ids": [...]} before a look-up, with {"later": [[...]]} where others follow and {"page": token} where the list goes
    on after them; and what `recency` remembers, between walks as well.
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
            later = state.get("later", [])
            assert isinstance(later, list)
            return _page(cut(response, context), later, state.get("page"), memory, context)
        parts: list[JSON] = [[*part] for part in batches(ids(response), context) if part]
        token = None if enough(response, context) or _reached(response, memory) else next_token(response, ())
        return _page((), parts, token, memory, context)

    def _reached(response: Response, memory: State) -> bool:
        moment = oldest(response) if recency else None
        return recency is not None and moment is not None and recency.reached(moment, memory)

    def _page(
        records: Sequence[bytes], parts: list[JSON], token: JSON, memory: Mapping[str, JSON], context: Context
    ) -> Page:
        if not parts and token is None:
            return Page(records=records, state=recency.ended(memory) if recency else EMPTY_STATE)
        after: dict[str, JSON] = {"ids": parts[0]} if parts else {}
        after |= {"later": parts[1:]} if parts[1:] else {}
        after |= {"page": token} if token is not None else {}
        return Page(records=records, state={**after, **memory}, next=request(after, context))

    return Stream(name=name, columns=columns, request=request, parse=parse, **more)


def listed(records: str) -> Callable[[Response, Context], Sequence[bytes]]:
    """The records are the list at this path, which must be there, be it empty."""
    return lambda response, context: present_records(response, records)


def _texts(found: JSON) -> list[str]:
    assert isinstance(found, list)
    return [str(one) for one in found]
