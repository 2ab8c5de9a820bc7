"""Timelines told newest first that cannot be filtered by time: read down to where the last walk began."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.sdk.base import Stream
from connectors.sdk.streams import Ask, NextToken, present_records, to_page, value_of
from core.http import JSON, Request, Response
from core.model import EMPTY_STATE, Column, Context, Page, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Recency:
    """How far down a timeline a walk goes: to what is older than the beginning of the last walk less `settles`, as
    counters and texts of younger records still change. With `forget_after` everything is read anew that long after the
    last full walk, so that with `sweep` a full walk finds what is gone; but where the last one saw `readable` records
    or more, the platform may have left some out, which must not be taken for gone: what is read anew then is no full
    walk, as the state that it begins with is not empty."""

    settles: timedelta
    forget_after: timedelta | None = None
    readable: int | None = None

    def memory(self, state: State, context: Context, listed: int = 0) -> dict[str, JSON]:
        """What states in the middle of a walk keep beside their own: {"began": time}, with {"since": beginning of the
        last walk, "full": of the last full one} where there was one, and, where it matters, {"seen": records in that}.
        So many more were `listed` now."""
        known = {name: state[name] for name in ("since", "full", "seen") if name in state}
        if self.readable is not None and "since" not in known:
            known["seen"] = int(str(known.get("seen", 0))) + listed
        return {"began": str(state.get("began") or context.now.isoformat()), **known}

    def reached(self, oldest: datetime, memory: State) -> bool:
        """Whether a page whose oldest record is of this moment is the last one to be read."""
        return "since" in memory and oldest < _moment(memory["since"]) - self.settles

    def due(self, memory: State) -> bool:
        """Whether, after the walk that ends, it is time to read everything anew."""
        full = memory.get("full") or memory["began"]
        return self.forget_after is not None and _moment(memory["began"]) - _moment(full) >= self.forget_after

    def whole(self, memory: State) -> bool:
        """Whether the walk that ends was shown everything, as far as can be told."""
        return self.readable is None or int(str(memory.get("seen", 0))) < self.readable

    def ended(self, memory: State) -> State:
        """The state between walks."""
        began, full = str(memory["began"]), str(memory.get("full") or memory["began"])
        seen: State = {"seen": memory["seen"]} if "seen" in memory else {}
        if self.due(memory):
            return EMPTY_STATE if self.whole(memory) else {"anew": True}
        return {"since": began, "full": full, **seen}


def moment_at(path: str) -> Callable[[bytes], datetime]:
    """The time that a record tells there; one that tells none is never too old."""

    def moment(record: bytes) -> datetime:
        told = value_of(record, path)
        return _moment(told) if told else datetime.max.replace(tzinfo=UTC)

    return moment


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

    A walk ends after the page that holds a record older than `Recency` (of `settles` and `forget_after`) says. State:
    {"since", "full"} between walks; {"page": token, "began"} and those two where known in the middle of one.
    """
    recency = Recency(settles=settles, forget_after=forget_after)

    def request(state: State, context: Context) -> Request:
        first = ask(context)
        return to_page(first, token_param, state["page"], in_body) if "page" in state else first

    def parse(asked: Request, response: Response, state: State, context: Context) -> Page:
        found = present_records(response, records, empty_count)
        memory = recency.memory(state, context)
        reached = bool(found) and recency.reached(time(found[-1]), memory)
        token = None if reached else next_token(response, found)
        if token is None:
            return Page(records=found, state=recency.ended(memory))
        return Page(records=found, state={"page": token, **memory}, next=to_page(asked, token_param, token, in_body))

    return Stream(name=name, columns=columns, request=request, parse=parse, sweep=sweep, **more)


def _moment(text: JSON) -> datetime:
    return datetime.fromisoformat(str(text))
