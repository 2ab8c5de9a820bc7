"""Records inside the records of another list: each is read once, wherever it is shown and wherever a walk stops."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from connectors.sdk.driver import walk
from connectors.sdk.inlined import inlined_stream
from connectors.sdk.streams import at, value_of
from connectors.sdk.timelines import Recency
from core.http import Request, Response
from core.model import Column, Context, State

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SHOWN = 2


def inside(record: bytes) -> tuple[Sequence[bytes], str | None]:
    told = Response(status=200, body=record)
    shown = told.records("shown")
    return (shown, None) if told.get("count") == len(shown) else ((), str(told.get("id")))


STREAM = inlined_stream(
    name="answers",
    ask=lambda context: Request(path="/questions"),
    ask_inside=lambda number, context: Request(path="/answers", params={"of": number}),
    inside=inside,
    records="items",
    columns=(Column(name="id", required=True),),
    time=lambda record: NOW - timedelta(days=int(value_of(record, "id"))),
    recency=Recency(settles=timedelta(days=7), forget_after=timedelta(days=7)),
    next_token=at("next"),
)


class Platform:
    """Questions named by their age in days, with so many answers each; two a page, of both."""

    def __init__(self, answers: dict[int, int]) -> None:
        self.answers = answers
        self.asked: list[Request] = []

    @property
    def all(self) -> set[str]:
        return {f"{age}.{number}" for age, count in self.answers.items() for number in range(count)}

    def send(self, request: Request) -> Response:
        self.asked.append(request)
        begin = int(str(request.params.get("page", 0)))
        if request.path == "/answers":
            of = int(str(request.params["of"]))
            found: list[Any] = [{"id": f"{of}.{number}"} for number in range(self.answers[of])]
        else:
            found = [self._question(age) for age in sorted(self.answers)]
        body = {"items": found[begin : begin + 2], **({"next": str(begin + 2)} if found[begin + 2 :] else {})}
        return Response(status=200, body=json.dumps(body).encode())

    def _question(self, age: int) -> dict[str, Any]:
        shown = [{"id": f"{age}.{number}"} for number in range(min(SHOWN, self.answers[age]))]
        return {"id": str(age), "count": self.answers[age], "shown": shown}


ANSWERS = st.dictionaries(st.integers(0, 60), st.integers(0, 5), max_size=8)


@given(answers=ANSWERS)
def test_each_is_read_once_and_only_those_not_shown_are_asked_for(answers: dict[int, int]) -> None:
    platform = Platform(answers)
    steps = list(walk(STREAM, platform.send, {}, Context(now=NOW)))
    found = [str(value_of(record, "id")) for step in steps for record in step.page.records]
    assert sorted(found) == sorted(platform.all)
    assert {one.params["of"] for one in platform.asked if "of" in one.params} == {
        str(age) for age, count in answers.items() if count > SHOWN
    }
    assert steps[-1].page.state == {"since": NOW.isoformat(), "full": NOW.isoformat()}


@given(answers=ANSWERS, stop=st.integers(0, 12))
def test_a_walk_that_was_stopped_anywhere_goes_on_there(answers: dict[int, int], stop: int) -> None:
    platform = Platform(answers)
    steps = list(walk(STREAM, platform.send, {}, Context(now=NOW)))[: stop + 1]
    kept: State = json.loads(json.dumps(dict(steps[-1].page.state)))
    if steps[-1].page.next is not None:
        steps += walk(STREAM, platform.send, kept, Context(now=NOW))
    found = [str(value_of(record, "id")) for step in steps for record in step.page.records]
    assert sorted(found) == sorted(platform.all)


def test_a_later_walk_looks_no_further_than_what_is_settled() -> None:
    platform = Platform({0: 1, 5: 4, 20: 1, 30: 4, 40: 4, 50: 1})
    state: State = {"since": NOW.isoformat(), "full": NOW.isoformat()}
    steps = list(walk(STREAM, platform.send, state, Context(now=NOW)))
    found = {str(value_of(record, "id")) for step in steps for record in step.page.records}
    assert {one.partition(".")[0] for one in found} == {"0", "5", "20", "30"}
