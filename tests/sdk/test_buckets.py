"""Figures in time buckets: what a walk asks for, what it replaces, and that no day is missed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sdk.buckets import bucket_stream
from connectors.sdk.driver import walk
from core.errors import BadReply
from core.http import Request, Response
from core.model import Column, Context, Deletion, State
from tests.columns import rows

DAY = 86400
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TODAY = int(NOW.replace(hour=0).timestamp())
CONTEXT = Context(now=NOW, settings={"history_days": 10})

USAGE = bucket_stream(
    name="usage",
    ask=lambda context: Request(path="/usage"),
    group_by=("project", "model"),
    size=3,
    columns=(Column(name="tokens", type="integer", required=True), Column(name="project"), Column(name="model")),
)


def bucket(start: int, *results: dict[str, Any]) -> dict[str, Any]:
    return {"object": "bucket", "start_time": start, "end_time": start + DAY, "results": list(results)}


def result(tokens: int, project: str | None = None, model: str | None = None) -> dict[str, Any]:
    return {"tokens": tokens, "project": project, "model": model}


def reply(*buckets: dict[str, Any], next_page: str | None = None) -> Response:
    body = {"object": "page", "data": list(buckets), "has_more": next_page is not None, "next_page": next_page}
    return Response(status=200, body=json.dumps(body).encode())


def answer(request: Request) -> Response:
    """A platform with one result a day up to today; page tokens are places in the range asked for."""
    start, size = int(str(request.params["start_time"])), int(str(request.params["limit"]))
    days = list(range(start, TODAY + 1, DAY))
    begin = int(str(request.params.get("page", 0)))
    told = [bucket(day, result(day // DAY)) for day in days[begin : begin + size]]
    return reply(*told, next_page=str(begin + size) if begin + size < len(days) else None)


def starts(state: State, pages: int | None = None) -> tuple[list[int], State]:
    """The days that a walk brings, and the state it leaves."""
    found: list[int] = []
    for number, step in enumerate(walk(USAGE, answer, state, CONTEXT), 1):
        found += [json.loads(record)["start_time"] for record in step.page.records]
        state = json.loads(json.dumps(dict(step.page.state)))
        if number == pages:
            break
    return found, state


def test_the_first_walk_goes_back_as_far_as_the_setting_says() -> None:
    asked = USAGE.request({}, CONTEXT)
    assert asked.params["start_time"] == TODAY - 10 * DAY
    assert asked.params["bucket_width"] == "1d"
    assert asked.params["group_by[]"] == ["project", "model"]
    assert USAGE.request({}, Context(now=NOW)).params["start_time"] == TODAY - 30 * DAY


def test_what_is_remembered_is_the_last_complete_day() -> None:
    found, state = starts({})
    assert found == list(range(TODAY - 10 * DAY, TODAY + 1, DAY))
    assert state == {"since": TODAY - DAY}


def test_a_later_walk_reads_the_days_again_that_may_still_change() -> None:
    found, state = starts({"since": TODAY - DAY})
    assert found == [TODAY - n * DAY for n in (4, 3, 2, 1, 0)]
    assert state == {"since": TODAY - DAY}


@given(stops=st.lists(st.integers(1, 2), max_size=5), since=st.none() | st.integers(1, 9))
def test_no_day_is_missed_under_any_stop(stops: list[int], since: int | None) -> None:
    state: State = {} if since is None else {"since": TODAY - since * DAY}
    whole, after = starts(state)
    found: list[int] = []
    for stop in stops:
        some, state = starts(state, pages=stop)
        found += some
        if "next" not in state:
            break
    else:
        some, state = starts(state)
        found += some
    assert set(whole) <= set(found)
    assert state == after


def test_no_page_token_is_remembered() -> None:
    _, state = starts({}, pages=1)
    assert state == {"next": TODAY - 7 * DAY, "complete": TODAY - 8 * DAY}
    assert "page" not in USAGE.request(state, CONTEXT).params


def test_a_day_that_is_read_again_replaces_what_was_known_of_it() -> None:
    state: State = {"since": TODAY - DAY}
    told = reply(bucket(TODAY - DAY, result(1, "p"), result(2, "q")), bucket(TODAY, result(3, "p")))
    page = USAGE.parse(USAGE.request(state, CONTEXT), told, state, CONTEXT)
    assert page.deleted == [
        Deletion(match={"start_time": str(TODAY - DAY)}),
        Deletion(match={"start_time": str(TODAY)}),
    ]
    assert page.deleted_at == [0, 2]


def test_a_walk_of_several_pages_replaces_the_days_of_all_of_them() -> None:
    steps = list(walk(USAGE, answer, {"since": TODAY - DAY}, CONTEXT))
    assert len(steps) == 2
    replaced = [deletion.match["start_time"] for step in steps for deletion in step.page.deleted]
    assert replaced == [str(TODAY - n * DAY) for n in (4, 3, 2, 1, 0)]


def test_a_first_walk_has_nothing_to_replace() -> None:
    page = USAGE.parse(USAGE.request({}, CONTEXT), reply(bucket(TODAY, result(1))), {}, CONTEXT)
    assert page.deleted == []


def test_groups_that_are_null_have_a_key_all_the_same() -> None:
    told = reply(bucket(TODAY, result(1), result(2, "p"), result(3, "p", "m"), result(4, None, "m")))
    page = USAGE.parse(USAGE.request({}, CONTEXT), told, {}, CONTEXT)
    typed = rows(USAGE.columns, page.records)
    assert [row["group_key"] for row in typed] == ["[null,null]", '["p",null]', '["p","m"]', '[null,"m"]']
    assert {row["start_time"] for row in typed} == {datetime.fromtimestamp(TODAY, UTC)}
    assert all(row[name] is not None for row in typed for name in USAGE.key)


def test_days_without_results_move_the_mark_too() -> None:
    told = reply(bucket(TODAY - 2 * DAY), bucket(TODAY - DAY), bucket(TODAY))
    page = USAGE.parse(USAGE.request({}, CONTEXT), told, {}, CONTEXT)
    assert page.records == []
    assert page.state == {"since": TODAY - DAY}


def test_an_empty_page_is_not_the_end_while_there_is_a_next_one() -> None:
    page = USAGE.parse(USAGE.request({}, CONTEXT), reply(next_page="n"), {}, CONTEXT)
    assert page.next is not None
    assert page.next.params["page"] == "n"
    assert USAGE.request(page.state, CONTEXT).params["start_time"] == TODAY - 10 * DAY


def test_an_account_without_any_bucket_begins_anew_next_time() -> None:
    page = USAGE.parse(USAGE.request({}, CONTEXT), reply(), {}, CONTEXT)
    assert (page.state, page.next) == ({}, None)


def test_a_bucket_without_its_times_is_refused() -> None:
    with pytest.raises(BadReply):
        USAGE.parse(USAGE.request({}, CONTEXT), reply({"results": []}), {}, CONTEXT)


def test_the_day_is_that_of_utc_wherever_the_clock_is() -> None:
    east = datetime(2026, 11, 23, 1, 0, tzinfo=timezone(timedelta(hours=2)))
    asked = USAGE.request({}, Context(now=east, settings={"history_days": 1}))
    assert asked.params["start_time"] == int(datetime(2026, 11, 21, tzinfo=UTC).timestamp())
