from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.sdk.base import Stream
from connectors.sdk.driver import Step, walk
from core.errors import BadReply, ConnectorDefect, PlatformUnavailable, Skipped, StateReset
from core.http import Request, Response
from core.model import EMPTY_STATE, Column, Context, Page, State

CONTEXT = Context(now=datetime(2026, 11, 23, tzinfo=UTC))
SIZE = 3


def request(state: State, context: Context) -> Request:
    return Request(path="/things", params={"offset": int(str(state.get("offset", 0)))})


def parse(asked: Request, response: Response, state: State, context: Context) -> Page:
    offset = int(str(asked.params["offset"])) + SIZE
    records = response.records("things")
    if offset >= response.get("total"):
        return Page(records=records, state=EMPTY_STATE)
    return Page(records=records, state={"offset": offset}, next=asked.with_params(offset=offset))


def ahead(asked: Request, response: Response) -> Iterator[Request]:
    begin = int(str(asked.params["offset"])) + SIZE
    return (asked.with_params(offset=n) for n in range(begin, response.get("total"), SIZE))


STREAM = Stream(name="things", columns=(Column(name="id"),), request=request, parse=parse, ahead=ahead)


@dataclass
class Platform:
    """Answers offsets out of `total` things; `before(offset)` runs first, in the thread that asks."""

    total: int
    before: Callable[[int], None] = lambda offset: None
    asked: list[int] = field(default_factory=list)
    inside: int = 0
    most: int = 0
    lock: Any = field(default_factory=threading.Lock)

    def send(self, question: Request) -> Response:
        offset = int(str(question.params["offset"]))
        with self.lock:
            self.asked.append(offset)
            number = len(self.asked)
            self.inside += 1
            self.most = max(self.most, self.inside)
        try:
            self.before(offset)
        finally:
            with self.lock:
                self.inside -= 1
        things = [{"id": n} for n in range(offset, min(offset + SIZE, self.total))]
        body = json.dumps({"total": self.total, "things": things}).encode()
        return Response(status=200, body=body, call=number)


def ids(steps: list[Step]) -> list[int]:
    return [json.loads(record)["id"] for step in steps for record in step.page.records]


def test_pages_come_in_order_with_their_states_and_calls() -> None:
    platform = Platform(8)
    steps = list(walk(STREAM, platform.send, EMPTY_STATE, CONTEXT))
    assert ids(steps) == list(range(8))
    assert [step.page.state for step in steps] == [{"offset": 3}, {"offset": 6}, EMPTY_STATE]
    assert [step.begins for step in steps] == [True, False, False]
    assert [step.call for step in steps] == [1, 2, 3]


@settings(max_examples=20, deadline=None)
@given(total=st.integers(0, 40), width=st.integers(2, 6), seed=st.integers())
def test_reading_in_parallel_gives_what_reading_in_sequence_gives(total: int, width: int, seed: int) -> None:
    chance = random.Random(seed)
    platform = Platform(total, before=lambda offset: time.sleep(chance.random() * 0.002))
    parallel = list(walk(STREAM, platform.send, EMPTY_STATE, CONTEXT, width=width))
    sequential = list(walk(STREAM, Platform(total).send, EMPTY_STATE, CONTEXT))
    assert [step.page for step in parallel] == [step.page for step in sequential]
    assert sorted(platform.asked) == sorted({*platform.asked})
    assert platform.most <= width


def test_pages_are_really_read_in_parallel_and_no_wider_than_asked() -> None:
    together = threading.Barrier(3)

    def wait(offset: int) -> None:
        if offset in (3, 6, 9):
            together.wait(5)

    platform = Platform(12, before=wait)
    assert ids(list(walk(STREAM, platform.send, EMPTY_STATE, CONTEXT, width=3))) == list(range(12))
    assert platform.most == 3


def test_one_by_one_nothing_is_sent_ahead() -> None:
    platform = Platform(12)
    steps = walk(STREAM, platform.send, EMPTY_STATE, CONTEXT, width=1)
    next(steps)
    next(steps)
    assert platform.asked == [0, 3]


@pytest.mark.parametrize(
    "hint",
    [
        lambda asked, response: iter([asked.with_params(offset=n) for n in (3, 7, 9)]),
        lambda asked, response: iter([asked.with_params(offset=n) for n in (4, 5)]),
        lambda asked, response: iter(()),
        lambda asked, response: iter([asked.with_params(offset=n) for n in range(3, 99, 3)]),
        lambda asked, response: iter([asked]),
    ],
    ids=["wrong in the middle", "wrong at once", "empty", "too long", "the first again"],
)
def test_a_wrong_hint_costs_calls_and_no_record(hint: Any) -> None:
    platform = Platform(12)
    steps = list(walk(replace(STREAM, ahead=hint), platform.send, EMPTY_STATE, CONTEXT, width=3))
    assert ids(steps) == list(range(12))


def test_an_error_ahead_comes_after_the_pages_before_it() -> None:
    def fail(offset: int) -> None:
        if offset == 6:
            raise PlatformUnavailable("down")

    steps = walk(STREAM, Platform(12, before=fail).send, EMPTY_STATE, CONTEXT, width=3)
    assert ids([next(steps), next(steps)]) == list(range(6))
    with pytest.raises(PlatformUnavailable):
        next(steps)


def test_a_reader_that_stops_leaves_no_thread_behind() -> None:
    before = threading.active_count()
    steps = walk(STREAM, Platform(99).send, EMPTY_STATE, CONTEXT, width=4)
    next(steps)
    next(steps)
    steps.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before


def test_the_same_question_is_not_asked_twice() -> None:
    def stuck(asked: Request, response: Response, state: State, context: Context) -> Page:
        return Page(records=[b"{}"], state={"offset": 0}, next=asked)

    platform = Platform(3)
    got: list[Step] = []
    with pytest.raises(ConnectorDefect, match="things asked the same question twice") as defect:
        got.extend(walk(replace(STREAM, parse=stuck), platform.send, EMPTY_STATE, CONTEXT))
    assert platform.asked == [0]
    assert defect.value.advice


def test_a_circle_of_questions_is_noticed_too() -> None:
    def circle(asked: Request, response: Response, state: State, context: Context) -> Page:
        return Page(records=[], state=state, next=asked.with_params(offset=(int(str(asked.params["offset"])) + 3) % 9))

    platform = Platform(9)
    with pytest.raises(ConnectorDefect):
        list(walk(replace(STREAM, parse=circle), platform.send, EMPTY_STATE, CONTEXT))
    assert platform.asked == [0, 3, 6]


def test_an_empty_page_with_a_next_one_is_not_the_end() -> None:
    answers = iter([{"things": [], "total": 6}, {"things": [{"id": 4}], "total": 6}])

    def send(question: Request) -> Response:
        return Response(status=200, body=json.dumps(next(answers)).encode())

    assert ids(list(walk(STREAM, send, EMPTY_STATE, CONTEXT))) == [4]


@pytest.mark.parametrize("stop", range(1, 4))
def test_a_walk_goes_on_from_the_state_of_any_page(stop: int) -> None:
    whole = walk(STREAM, Platform(12).send, EMPTY_STATE, CONTEXT)
    before = [next(whole) for _ in range(stop)]
    state = json.loads(json.dumps(dict(before[-1].page.state)))
    platform = Platform(12)
    after = list(walk(STREAM, platform.send, state, CONTEXT))
    assert ids(before + after) == list(range(12))
    assert not any(step.begins for step in after)
    assert len(platform.asked) == 4 - stop


def once(error: Exception, *, at: int) -> Callable[[int], None]:
    left = [error]

    def fail(offset: int) -> None:
        if offset == at and left:
            raise left.pop()

    return fail


def test_a_forgotten_cursor_makes_the_walk_begin_again_from_nothing() -> None:
    platform = Platform(12, before=once(StateReset("gone"), at=6))
    steps = list(walk(STREAM, platform.send, {"offset": 6}, CONTEXT))
    assert platform.asked == [6, 0, 3, 6, 9]
    assert ids(steps) == list(range(12))
    assert [step.begins for step in steps] == [True, False, False, False]


@pytest.mark.parametrize("width", [1, 3])
def test_a_cursor_that_is_forgotten_within_a_full_walk_makes_it_begin_again(width: int) -> None:
    platform = Platform(12, before=once(StateReset("gone"), at=6))
    steps = list(walk(STREAM, platform.send, EMPTY_STATE, CONTEXT, width=width))
    assert ids(steps) == [*range(6), *range(12)]
    assert [step.begins for step in steps].count(True) == 2


def test_a_cursor_forgotten_twice_is_an_error() -> None:
    def forget(offset: int) -> None:
        if offset == 6:
            raise StateReset("gone")

    steps = walk(STREAM, Platform(12, before=forget).send, {"offset": 6}, CONTEXT)
    assert ids([next(steps), next(steps)]) == list(range(6))
    with pytest.raises(StateReset):
        next(steps)


def test_a_beginning_that_is_forgotten_is_an_error_at_once() -> None:
    platform = Platform(12, before=once(StateReset("gone"), at=0))
    with pytest.raises(StateReset):
        list(walk(STREAM, platform.send, EMPTY_STATE, CONTEXT))
    assert platform.asked == [0]


@pytest.mark.parametrize("at", [0, 6])
def test_nothing_here_ends_the_walk_quietly(at: int) -> None:
    def skip(offset: int) -> None:
        if offset == at:
            raise Skipped("nothing here")

    assert ids(list(walk(STREAM, Platform(12, before=skip).send, EMPTY_STATE, CONTEXT))) == list(range(at))


def test_nothing_here_after_a_forgotten_cursor_ends_the_walk_quietly() -> None:
    def forget(offset: int) -> None:
        raise Skipped("nothing here") if offset == 0 else StateReset("gone")

    assert list(walk(STREAM, Platform(12, before=forget).send, {"offset": 6}, CONTEXT)) == []


def rubbish(good: Mapping[int, bytes], times: int) -> tuple[Callable[[Request], Response], list[int]]:
    asked: list[int] = []

    def send(question: Request) -> Response:
        asked.append(int(str(question.params["offset"])))
        body = b"<html>" if len(asked) <= times else good[asked[-1]]
        return Response(status=200, body=body, call=len(asked))

    return send, asked


def test_a_reply_that_cannot_be_read_is_asked_for_once_more() -> None:
    send, asked = rubbish({0: b'{"things":[{"id":0}],"total":1}'}, times=1)
    steps = list(walk(STREAM, send, EMPTY_STATE, CONTEXT))
    assert ids(steps) == [0]
    assert asked == [0, 0]
    assert steps[0].call == 2


def test_rubbish_twice_is_a_bad_reply() -> None:
    send, asked = rubbish({}, times=9)
    with pytest.raises(BadReply):
        list(walk(STREAM, send, EMPTY_STATE, CONTEXT))
    assert asked == [0, 0]
