"""Records inside the records of another list: each is read once, wherever it is shown and wherever a walk stops."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sdk.base import Stream
from connectors.sdk.driver import Step, walk
from connectors.sdk.inlined import Found, inlined_stream
from connectors.sdk.streams import at, value_of, with_members
from connectors.sdk.timelines import Recency
from core.errors import BadReply, Skipped
from core.http import Request, Response
from core.model import Column, Context, State

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SHOWN = 2


def inside(record: bytes) -> Found:
    told = Response(status=200, body=record)
    shown = told.records("shown")
    return (shown, ()) if told.get("count") == len(shown) else ((), [str(told.get("id"))])


WEEK = timedelta(days=7)


def answers_with(recency: Recency) -> Stream:
    return inlined_stream(
        name="answers",
        ask=lambda context: Request(path="/questions"),
        ask_inside=lambda number, context: Request(path="/answers", params={"of": number}),
        inside=inside,
        records="items",
        columns=(Column(name="id", required=True),),
        time=lambda record: NOW - timedelta(days=int(value_of(record, "id"))),
        recency=recency,
        next_token=at("next"),
    )


STREAM = answers_with(Recency(settles=WEEK, forget_after=WEEK))


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


def below(record: bytes, asked_by: str) -> Found:
    return [with_members(record, {"of": asked_by})], [str(value_of(record, "id"))] if value_of(record, "more") else ()


NESTED = inlined_stream(
    name="answers",
    ask=lambda context: Request(path="/questions"),
    ask_inside=lambda number, context: Request(path="/answers", params={"of": number}, optional=True),
    inside=lambda record: ((), [str(value_of(record, "id"))]),
    below=below,
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


def test_what_is_inside_an_inner_record_is_asked_for_in_turn_and_told_what_it_was_asked_by() -> None:
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


# Replies that would be too long, lists that leave out their end


def test_a_question_that_is_too_much_is_halved_for_the_rest_of_the_walk() -> None:
    stream = inlined_stream(
        name="answers",
        ask=lambda context: Request(path="/questions", params={"limit": 8}),
        ask_inside=lambda number, context: Request(path="/answers", params={"of": number, "limit": 8}),
        inside=lambda record: ((), [str(value_of(record, "id"))]),
        records="items",
        columns=(Column(name="id", required=True),),
        next_token=at("next"),
        too_much=lambda response: response.status == 500,
    )
    asked: list[tuple[str, Any]] = []

    def send(request: Request) -> Response:
        asked.append((request.path, request.params["limit"]))
        most = 4 if request.path == "/questions" else 1
        if int(str(request.params["limit"])) > most:
            return Response(status=500, body=b"{}")
        return Response(status=200, body=json.dumps({"items": [{"id": "1"}]}).encode())

    steps = list(walk(stream, send, {}, Context(now=NOW)))
    assert asked == [("/questions", 8), ("/questions", 4), ("/answers", 4), ("/answers", 2), ("/answers", 1)]
    assert steps[-1].page.state == {}
    with pytest.raises(BadReply):
        list(walk(stream, lambda request: Response(status=500, body=b"{}"), {}, Context(now=NOW)))


@pytest.mark.parametrize(("questions", "sweeps"), [(2, True), (3, False), (5, False)])
def test_a_list_that_may_leave_out_its_end_is_read_anew_without_a_full_walk(questions: int, sweeps: bool) -> None:
    stream = answers_with(Recency(settles=WEEK, forget_after=WEEK, readable=3))
    platform = Platform({20 * age: 1 for age in range(questions)})
    state: State = {}
    walks, whole = [], []
    for number in range(3):
        steps = list(walk(stream, platform.send, state, Context(now=NOW + number * WEEK)))
        state = steps[-1].page.state
        walks.append((steps[0].begins, sum(len(step.page.records) for step in steps)))
        whole.append(steps[-1].page.whole)
    assert whole[0] == sweeps, "a full walk, too, may have been shown only a part"
    assert walks[0] == (True, questions)
    assert walks[1][1] <= 2, "only what is not settled"
    assert walks[2] == (sweeps, questions), "everything"
