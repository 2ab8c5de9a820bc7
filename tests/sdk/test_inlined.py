"""Records inside the records of another list: each is read once, wherever it is shown and wherever a walk stops."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sdk.driver import Step, walk
from connectors.sdk.inlined import inlined_stream
from connectors.sdk.streams import at, value_of
from connectors.sdk.timelines import Recency
from core.errors import Skipped
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
    assert {one.partition(".")[0] for one in found} == {"0", "5", "20"}, "what is not shown of older ones is left alone"


# Lists by offset, records inside inner ones


NESTED = inlined_stream(
    name="answers",
    ask=lambda context: Request(path="/questions"),
    ask_inside=lambda number, context: Request(path="/answers", params={"of": number}, optional=True),
    inside=lambda record: ((), str(value_of(record, "id"))),
    below=lambda record: str(value_of(record, "id")) if value_of(record, "more") else None,
    mark="of",
    records="items",
    inner_records="found",
    columns=(Column(name="id", required=True),),
    next_token=at("next"),
)


def nested(
    answers: dict[str, Any], questions: Sequence[Sequence[str]]
) -> tuple[Callable[[Request], Response], list[str]]:
    """Pages of questions, and what each answers; a question without answers is gone."""
    asked: list[str] = []

    def send(request: Request) -> Response:
        if request.path == "/answers":
            asked.append(str(request.params["of"]))
            if asked[-1] not in answers:
                raise Skipped("nothing here")
            return Response(status=200, body=json.dumps({"found": answers[asked[-1]]}).encode())
        page = int(str(request.params.get("page", 0)))
        body = {"items": [{"id": one} for one in questions[page]]}
        leads = {"next": str(page + 1)} if page + 1 < len(questions) else {}
        return Response(status=200, body=json.dumps({**body, **leads}).encode())

    return send, asked


def found_by(steps: Sequence[Step]) -> list[tuple[str, str]]:
    records = [record for step in steps for record in step.page.records]
    return [(str(value_of(record, "of")), str(value_of(record, "id"))) for record in records]


def test_what_is_inside_an_inner_record_is_asked_for_in_turn_and_marked_with_what_it_was_asked_by() -> None:
    answers = {"q": [{"id": "a", "more": 1}, {"id": "b"}], "a": [{"id": "c"}]}
    send, asked = nested(answers, [["q"]])
    assert found_by(list(walk(NESTED, send, {}, Context(now=NOW)))) == [("q", "a"), ("q", "b"), ("a", "c")]
    assert asked == ["q", "a"]


def test_a_record_that_moved_on_to_the_next_page_is_not_asked_for_again() -> None:
    send, asked = nested({"p": [], "q": [{"id": "a"}], "r": []}, [["p", "q"], ["q", "r"], ["r"]])
    steps = list(walk(NESTED, send, {}, Context(now=NOW)))
    assert asked == ["p", "q", "r"]
    assert steps[-1].page.state == {}


@pytest.mark.parametrize("gone", ["p", "q", "r"])
def test_a_record_that_is_gone_is_passed_over(gone: str) -> None:
    answers = {name: [{"id": name.upper()}] for name in "pqr" if name != gone}
    send, asked = nested(answers, [["p", "q"], ["r"]])
    steps = list(walk(NESTED, send, {}, Context(now=NOW)))
    assert found_by(steps) == [(name, name.upper()) for name in answers]
    assert asked == ["p", "q", "r"]
    assert steps[-1].page.next is None


def test_a_list_that_is_not_there_at_all_still_ends_the_walk() -> None:
    def send(request: Request) -> Response:
        raise Skipped("nothing here")

    assert list(walk(NESTED, send, {}, Context(now=NOW))) == []
