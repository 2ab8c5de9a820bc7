"""Figures asked for by the names of metrics, where one name that ended fails the whole question.

Metrics are asked for in groups, place by place (a window of days, a page of a list). A group that is refused is halved
until the name is found; it is then left out, and tried again a week later.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias

from connectors.sdk.base import Stream
from core.http import JSON, Request, Response
from core.model import EMPTY_STATE, Column, Context, Page, State

Place: TypeAlias = Mapping[str, JSON]
"""Where a walk is, beside its metrics: part of the state."""

GROUP: Final = 10
_TRIED_AGAIN: Final = timedelta(days=7)


def metric_stream(
    *,
    name: str,
    metrics: Callable[[Context, Place], Sequence[str]],
    setting: str,
    begin: Callable[[State, Context], Place],
    ask: Callable[[Context, Place, Sequence[str]], Request],
    cut: Callable[[Response, Context, Place], Sequence[bytes]],
    refused: Callable[[Response], bool],
    columns: tuple[Column, ...],
    key: tuple[str, ...],
    after: Callable[[Place, Response], Place] = lambda place, response: place,
    onward: Callable[[Place, Context], Place | None],
    kept: Callable[[Place], State] = lambda place: EMPTY_STATE,
    too_much: Callable[[Response], bool] = lambda response: False,
    shrunk: Callable[[Place], Place] = lambda place: place,
    **more: Any,
) -> Stream:
    """The metrics of that setting (a text, with commas), else those that `metrics(now, place)` names.

    `begin(state, now)` is the first place; `after(place, reply)` what a good reply tells of it, `onward(place, now)`
    the one that follows once all metrics were asked for there (None: none), `kept(place)` what the last one leaves for
    the next walk. `refused(reply)`: a metric does not exist; `too_much(reply)`: the place is to be `shrunk`. State:
    what is kept, with {"ended": metrics left out, "found": when}; in the middle {"place", "groups": still to ask for
    there} and what was ended.
    """

    def wanted(context: Context, place: Place) -> list[str]:
        chosen = str(context.settings.get(setting) or "")
        return [one.strip() for one in chosen.split(",") if one.strip()] or list(metrics(context, place))

    def ended_of(state: State, context: Context) -> dict[str, JSON]:
        ended, found = state.get("ended"), state.get("found")
        if not ended:
            return {}
        old = context.now - datetime.fromisoformat(str(found)) >= _TRIED_AGAIN
        return {} if old and "place" not in state else {"ended": ended, "found": found}

    def groups_of(ended: Mapping[str, JSON], context: Context, place: Place) -> list[JSON]:
        names = wanted(context, place)
        left = [one for one in names if one not in _texts(ended.get("ended", []))] or names
        return [list[JSON](left[at : at + GROUP]) for at in range(0, len(left), GROUP)]

    def whereabouts(state: State, context: Context) -> tuple[Place, list[JSON], dict[str, JSON]]:
        ended, found, groups = ended_of(state, context), state.get("place"), state.get("groups")
        place = found if isinstance(found, dict) else begin(state, context)
        return place, list(groups) if isinstance(groups, list) else groups_of(ended, context, place), ended

    def request(state: State, context: Context) -> Request:
        place, groups, _ = whereabouts(state, context)
        return ask(context, place, _texts(groups[0]))

    def parse(asked: Request, response: Response, state: State, context: Context) -> Page:
        place, groups, ended = whereabouts(state, context)
        records: Sequence[bytes] = ()
        if too_much(response):
            place = shrunk(place)
        elif refused(response):
            first, *groups = groups
            names = _texts(first)
            if len(names) > 1:
                half = len(names) // 2
                groups = [list[JSON](names[:half]), list[JSON](names[half:]), *groups]
            else:
                ended = {"ended": [*_texts(ended.get("ended", [])), *names], "found": context.now.isoformat()}
        else:
            records, place, groups = cut(response, context, place), after(place, response), groups[1:]
        if not groups:
            following = onward(place, context)
            if following is None:
                return Page(records=records, state={**kept(place), **ended})
            place, groups = following, groups_of(ended, context, following)
        middle: State = {"place": dict(place), "groups": groups, **ended}
        return Page(records=records, state=middle, next=request(middle, context))

    return Stream(name=name, columns=columns, request=request, parse=parse, key=key, **more)


def _texts(found: JSON) -> list[str]:
    assert isinstance(found, list)
    return [str(one) for one in found]
