"""Streams of what stands inside the records of another list: a few are shown with these, more are asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeAlias

from connectors.sdk.base import Stream
from connectors.sdk.streams import Ask, NextToken, present_records, to_page, with_members
from connectors.sdk.timelines import Recency
from core.http import JSON, Request, Response
from core.model import EMPTY_STATE, Column, Context, Page, State

Inside: TypeAlias = Callable[[bytes], tuple[Sequence[bytes], str | None]]
"""The records inside an outer one, if they are all there; else the id by which all of them are asked for."""


def never_enough(record: bytes, context: Context) -> bool:
    return False


def nothing_below(record: bytes) -> str | None:
    return None


def inlined_stream(
    *,
    name: str,
    ask: Ask,
    ask_inside: Callable[[str, Context], Request],
    inside: Inside,
    records: str,
    columns: tuple[Column, ...],
    next_token: NextToken,
    token_param: str = "page",
    empty_count: str = "",
    time: Callable[[bytes], datetime] | None = None,
    recency: Recency | None = None,
    enough: Callable[[bytes, Context], bool] = never_enough,
    inner_records: str | None = None,
    below: Callable[[bytes], str | None] = nothing_below,
    mark: str = "",
    **more: Any,
) -> Stream:
    """`ask` lists outer records; `ask_inside(id)` lists what is inside one. Both page in the same way and have their
    records at `records`, unless those inside stand at `inner_records` (an empty path: the reply is the one record).

    Where the outer list is told newest first by `time`, a walk goes down as far as `recency` says, or to the record of
    which `enough(record, now)` holds; what is inside older ones is not asked for. `below(record)` is the id by which
    what is inside an inner record is asked for in turn. With `mark`, each record that was asked for has a member of
    this name: the id it was asked by. An outer record that the page before listed as well, as happens while the list
    moves, is not asked for again; one that is gone meanwhile (`optional` requests) is passed over.

    State in the middle of a walk: {"page": token} before a page of the outer list; {"inside": [ids]} before a page of
    the first of these, with {"inner_page": token} after its first and {"page"} where the outer list goes on, then also
    {"told": [ids]}, those of the latest page of it; and what `recency` remembers, between walks as well.
    """

    def request(state: State, context: Context) -> Request:
        if "inside" in state:
            asked, token = ask_inside(_ids(state, "inside")[0], context), state.get("inner_page")
        else:
            asked, token = ask(context), state.get("page")
        return asked if token is None else to_page(asked, token_param, token)

    def parse(asked: Request, response: Response, state: State, context: Context) -> Page:
        if "inside" in state:
            return _inner(response, state, context)
        found = present_records(response, records, empty_count)
        ends = bool(found) and _past(found[-1], state, context)
        token: JSON = None if ends else next_token(response, found)
        parted = [(record, *inside(record)) for record in found]
        here = [one for _, within, _ in parted for one in within]
        due = [one for record, _, one in parted if one is not None and not (ends and _past(record, state, context))]
        ids = list(dict.fromkeys(due))
        told = _ids(state, "told")
        outer: dict[str, JSON] = {} if token is None else {"page": token, "told": [*ids]}
        return _page(here, [one for one in ids if one not in told], None, outer, state, context)

    def _inner(response: Response, state: State, context: Context) -> Page:
        found = present_records(response, records if inner_records is None else inner_records, empty_count)
        token, waiting = next_token(response, found), _ids(state, "inside")
        deeper = [one for one in map(below, found) if one is not None and one not in waiting]
        marked = [with_members(record, {mark: waiting[0]}) for record in found] if mark else found
        left = [*(waiting if token is not None else waiting[1:]), *deeper]
        return _page(marked, left, token, _outer(state), state, context)

    def _past(record: bytes, state: State, context: Context) -> bool:
        if recency is None or time is None:
            return enough(record, context)
        return recency.reached(time(record), recency.memory(state, context))

    def _page(
        found: Sequence[bytes], left: Sequence[str], inner: JSON, outer: State, state: State, context: Context
    ) -> Page:
        memory = recency.memory(state, context) if recency else {}
        after: dict[str, JSON] = {"inside": [*left]} if left else {}
        after |= {**({"inner_page": inner} if inner is not None else {}), **outer}
        if not after:
            return Page(records=found, state=recency.ended(memory) if recency else EMPTY_STATE)
        return Page(records=found, state={**after, **memory}, next=request({**after, **memory}, context))

    def pass_over(state: State, context: Context) -> Page | None:
        if "inside" not in state:
            return None
        return _page((), _ids(state, "inside")[1:], None, _outer(state), state, context)

    return Stream(name=name, columns=columns, request=request, parse=parse, pass_over=pass_over, **more)


def _outer(state: State) -> State:
    return {name: state[name] for name in ("page", "told") if name in state}


def _ids(state: State, name: str) -> list[str]:
    found = state.get(name, [])
    assert isinstance(found, list)
    return [str(one) for one in found]
