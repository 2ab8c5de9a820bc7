"""Streams of what stands inside the records of another list: a few are shown with these, more are asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeAlias

from connectors.sdk.base import Stream
from connectors.sdk.streams import Ask, NextToken, present_records, smaller, to_page
from connectors.sdk.timelines import Recency
from core.http import JSON, Request, Response
from core.model import EMPTY_STATE, Column, Context, Page, State

Found: TypeAlias = tuple[Sequence[bytes], Sequence[str]]
"""The records that one holds, and the ids by which those are asked for that it does not show."""


def never_enough(record: bytes, context: Context) -> bool:
    return False


def itself(record: bytes, asked_by: str) -> Found:
    return (record,), ()


def never_too_much(response: Response) -> bool:
    return False


def inlined_stream(
    *,
    name: str,
    ask: Ask,
    ask_inside: Callable[[str, Context], Request],
    inside: Callable[[bytes], Found],
    records: str,
    columns: tuple[Column, ...],
    next_token: NextToken,
    token_param: str = "page",
    empty_count: str = "",
    time: Callable[[bytes], datetime] | None = None,
    recency: Recency | None = None,
    enough: Callable[[bytes, Context], bool] = never_enough,
    inner_records: str | None = None,
    below: Callable[[bytes, str], Found] = itself,
    too_much: Callable[[Response], bool] = never_too_much,
    **more: Any,
) -> Stream:
    """`ask` lists outer records; `ask_inside(id)` lists what is inside one. Both page in the same way and have their
    records at `records`, unless those inside stand at `inner_records` (an empty path: the reply is the one record).

    Where the outer list is told newest first by `time`, a walk goes down as far as `recency` says, or to the record of
    which `enough(record, now)` holds; what is inside older ones is not asked for. `below(record, id)` tells of a
    record that was asked for by that id what `inside` does of an outer one. An outer record that the page before listed
    as well, as happens while the list moves, is not asked for again; one that is gone meanwhile (`optional` requests)
    is passed over. Where a reply tells that it would be `too_much`, `limit` is halved for the rest of the walk.

    State in the middle of a walk: {"page": token} before a page of the outer list; {"inside": [ids]} before a page of
    the first of these, with {"inner_page": token} after its first and {"page"} where the outer list goes on, then also
    {"told": [ids]}, those of the latest page of it; {"limit"} where it was halved; and what `recency` remembers,
    between walks as well.
    """

    def request(state: State, context: Context) -> Request:
        if "inside" in state:
            asked, token = ask_inside(_ids(state, "inside")[0], context), state.get("inner_page")
        else:
            asked, token = ask(context), state.get("page")
        if "limit" in state:
            asked = asked.with_params(limit=int(str(state["limit"])))
        return asked if token is None else to_page(asked, token_param, token)

    def parse(asked: Request, response: Response, state: State, context: Context) -> Page:
        if too_much(response):
            return smaller(asked, {**state, **_kept(state, context)})
        if "inside" in state:
            return _inner(response, state, context)
        found = present_records(response, records, empty_count)
        ends = bool(found) and _past(found[-1], state, context)
        token: JSON = None if ends else next_token(response, found)
        parted = [(record, *inside(record)) for record in found]
        here = [one for _, within, _ in parted for one in within]
        young = [ids for record, _, ids in parted if ids and not (ends and _past(record, state, context))]
        due = list(dict.fromkeys(one for ids in young for one in ids))
        told = _ids(state, "told")
        outer: dict[str, JSON] = {} if token is None else {"page": token, "told": [*due]}
        kept = _kept(state, context, len(found))
        return _page(here, [one for one in due if one not in told], None, outer, kept, context)

    def _inner(response: Response, state: State, context: Context) -> Page:
        found = present_records(response, records if inner_records is None else inner_records, empty_count)
        token, waiting = next_token(response, found), _ids(state, "inside")
        parted = [below(record, waiting[0]) for record in found]
        deeper = [one for _, ids in parted for one in ids if one not in waiting]
        within = [record for records, _ in parted for record in records]
        left = [*(waiting if token is not None else waiting[1:]), *deeper]
        return _page(within, left, token, _outer(state), _kept(state, context), context)

    def _past(record: bytes, state: State, context: Context) -> bool:
        if recency is None or time is None:
            return enough(record, context)
        return recency.reached(time(record), recency.memory(state, context))

    def _kept(state: State, context: Context, listed: int = 0) -> State:
        size: State = {"limit": state["limit"]} if "limit" in state else EMPTY_STATE
        return {**size, **(recency.memory(state, context, listed) if recency else EMPTY_STATE)}

    def _page(
        found: Sequence[bytes], left: Sequence[str], inner: JSON, outer: State, kept: State, context: Context
    ) -> Page:
        after: dict[str, JSON] = {"inside": [*left]} if left else {}
        after |= {**({"inner_page": inner} if inner is not None else {}), **outer}
        if not after:
            whole = recency is None or recency.whole(kept)
            return Page(records=found, state=recency.ended(kept) if recency else EMPTY_STATE, whole=whole)
        return Page(records=found, state={**after, **kept}, next=request({**after, **kept}, context))

    def pass_over(state: State, context: Context) -> Page | None:
        if "inside" not in state:
            return None
        return _page((), _ids(state, "inside")[1:], None, _outer(state), _kept(state, context), context)

    return Stream(name=name, columns=columns, request=request, parse=parse, pass_over=pass_over, **more)


def _outer(state: State) -> State:
    return {name: state[name] for name in ("page", "told") if name in state}


def _ids(state: State, name: str) -> list[str]:
    found = state.get(name, [])
    assert isinstance(found, list)
    return [str(one) for one in found]
