"""Timelines and look-ups that end where the last walk began, less the time in which records still change."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sdk.base import Stream
from connectors.sdk.driver import Step, walk
from connectors.sdk.lookups import listed, lookup_stream, together
from connectors.sdk.streams import at, value_of
from connectors.sdk.timelines import Recency, recent_first
from core.http import Request, Response
from core.model import Column, Context, State

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SETTLES = timedelta(days=7)
WEEK = timedelta(days=7)
COLUMNS = (Column(name="id", required=True),)


def moment(days: int) -> datetime:
    return NOW - timedelta(days=days)


def timeline() -> Stream:
    return recent_first(
        name="posts",
        ask=lambda context: Request(path="/posts"),
        records="items",
        columns=COLUMNS,
        time=lambda record: moment(int(value_of(record, "id"))),
        next_token=at("next"),
        token_param="page",
        settles=SETTLES,
        forget_after=WEEK,
    )


def look_ups(batches: Callable[[Sequence[str], Context], Sequence[Sequence[str]]] = together) -> Stream:
    def oldest(response: Response) -> datetime | None:
        found = response.records("items")
        return moment(int(value_of(found[-1], "id"))) if found else None

    return lookup_stream(
        name="posts",
        ask=lambda context: Request(path="/posts"),
        ids=lambda response: [value_of(one, "id") for one in response.records("items")],
        look_up=lambda ids, context: Request(path="/details", params={"id": ",".join(ids)}),
        cut=listed("items"),
        columns=COLUMNS,
        next_token=at("next"),
        batches=batches,
        recency=Recency(settles=SETTLES, forget_after=WEEK),
        oldest=oldest,
    )


def parted() -> Stream:
    """Look-ups of one id each."""
    return look_ups(lambda ids, context: [[one] for one in ids])


class Platform:
    """Posts named by their age in days, the latest first, two a page."""

    def __init__(self, ages: Sequence[int]) -> None:
        self.ages = sorted(ages)
        self.asked: list[Request] = []

    def send(self, request: Request) -> Response:
        self.asked.append(request)
        if request.path == "/details":
            return self._reply(str(request.params["id"]).split(","))
        after = int(str(request.params.get("page", -1)))
        left = [age for age in self.ages if age > after]
        return self._reply([str(age) for age in left[:2]], str(left[1]) if left[2:] else None)

    def _reply(self, ids: Sequence[str], token: str | None = None) -> Response:
        body = {"items": [{"id": one} for one in ids], **({"next": token} if token else {})}
        return Response(status=200, body=json.dumps(body).encode())


def read(stream: Stream, platform: Platform, state: State, now: datetime = NOW) -> tuple[list[int], State]:
    steps = list(walk(stream, platform.send, state, Context(now=now)))
    return [int(value_of(record, "id")) for step in steps for record in step.page.records], steps[-1].page.state


EACH = pytest.mark.parametrize("make", [timeline, look_ups, parted])
AGES = st.sets(st.integers(0, 60), max_size=12)


@EACH
@given(ages=AGES)
def test_a_first_walk_reads_all_and_a_later_one_whatever_is_not_settled(
    make: Callable[[], Stream], ages: set[int]
) -> None:
    platform = Platform(list(ages))
    found, state = read(make(), platform, {})
    assert set(found) == ages
    assert state == {"since": NOW.isoformat(), "full": NOW.isoformat()}
    again, _ = read(make(), platform, state)
    assert {age for age in ages if moment(age) >= NOW - SETTLES} <= set(again)


@EACH
@given(ages=AGES, stops=st.integers(0, 8), later=st.booleans())
def test_a_walk_that_was_stopped_anywhere_misses_nothing(
    make: Callable[[], Stream], ages: set[int], stops: int, later: bool
) -> None:
    before: State = {"since": NOW.isoformat(), "full": NOW.isoformat()} if later else {}
    whole, ended = read(make(), Platform(list(ages)), before)
    platform, steps = Platform(list(ages)), list[tuple[list[int], State]]()
    for step in _first(walk(make(), platform.send, before, Context(now=NOW)), stops):
        steps.append(([int(value_of(record, "id")) for record in step.page.records], step.page.state))
    kept: State = json.loads(json.dumps(dict(steps[-1][1]))) if steps else before
    if kept == ended:
        return
    rest, at_last = read(make(), platform, kept)
    assert set(whole) <= {age for found, _ in steps for age in found} | set(rest)
    assert at_last == ended


def _first(items: Iterator[Step], count: int) -> Iterator[Step]:
    for _, item in zip(range(count), items, strict=False):
        yield item


@EACH
def test_a_later_walk_ends_with_the_page_that_is_settled(make: Callable[[], Stream]) -> None:
    platform = Platform([0, 5, 6, 20, 30, 40])
    found, _ = read(make(), platform, {"since": NOW.isoformat(), "full": NOW.isoformat()})
    assert found == [0, 5, 6, 20]


@EACH
def test_a_week_after_the_last_full_walk_all_is_forgotten(make: Callable[[], Stream]) -> None:
    state: State = {"since": NOW.isoformat(), "full": NOW.isoformat()}
    _, almost = read(make(), Platform([0]), state, NOW + WEEK - timedelta(seconds=1))
    assert almost == {"since": (NOW + WEEK - timedelta(seconds=1)).isoformat(), "full": NOW.isoformat()}
    assert read(make(), Platform([0]), state, NOW + WEEK)[1] == {}


def test_look_ups_ask_for_the_ids_of_one_page_at_a_time() -> None:
    platform = Platform([0, 1, 2])
    read(look_ups(), platform, {})
    assert [one.path for one in platform.asked] == ["/posts", "/details", "/posts", "/details"]
    assert [one.params.get("id") for one in platform.asked] == [None, "0,1", None, "2"]
