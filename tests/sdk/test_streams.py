"""The ways of paging that platforms share, walked by the real driver against lists that change under it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sdk.base import Stream
from connectors.sdk.driver import walk
from connectors.sdk.streams import (
    at,
    delta_stream,
    iso,
    last_id,
    newest_first,
    object_stream,
    offset_stream,
    present_records,
    token_stream,
    value_of,
    with_members,
)
from core.errors import BadReply
from core.http import Request, Response
from core.model import Column, Context, Deletion, State

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
CONTEXT = Context(now=NOW)
COLUMNS = (Column(name="id"),)
Answer = Callable[[Request], dict[str, Any]]


def reply(body: Any) -> Response:
    return Response(status=200, body=json.dumps(body).encode())


def ids(records: Sequence[bytes]) -> list[str]:
    return [str(value_of(record, "id")) for record in records]


@dataclass(slots=True, kw_only=True)
class Reader:
    """Walks a stream, and may be stopped after any page: what it then knows is the state of that page."""

    stream: Stream
    answer: Answer
    state: State = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)
    asked: list[Request] = field(default_factory=list)

    def send(self, request: Request) -> Response:
        self.asked.append(request)
        return reply(self.answer(request))

    def walk(self, *, pages: int | None = None, now: datetime = NOW, width: int = 1) -> bool:
        """Whether it came to its end, within so many pages."""
        for done, step in enumerate(self._steps(now, width), 1):
            self.seen += ids(step.page.records)
            self.state = json.loads(json.dumps(dict(step.page.state)))
            if step.page.next is None:
                return True
            if done == pages:
                return False
        raise AssertionError("a walk ends where next is None")

    def _steps(self, now: datetime, width: int) -> Iterator[Any]:
        return walk(self.stream, self.send, self.state, Context(now=now), width=width)


# --- newest first ---


def timeline(settled: Callable[[datetime], int] | None = None) -> Stream:
    return newest_first(
        name="posts",
        ask=lambda context: Request(path="/posts"),
        records="data",
        next_token=at("meta/next"),
        token_param="page",
        since_param="since",
        columns=COLUMNS,
        settled=settled,
    )


class Timeline:
    """Posts newest first, in pages of the sizes drawn; while they are read, others come."""

    def __init__(self, sizes: Sequence[int], arriving: Sequence[int]) -> None:
        self.posts = [98, 99]
        self._sizes, self._arriving = list(sizes), list(arriving)

    def answer(self, request: Request) -> dict[str, Any]:
        since, until = int(str(request.params.get("since", 0))), int(str(request.params.get("page", 10**9)))
        wanted = sorted((post for post in self.posts if since < post < until), reverse=True)
        size = self._sizes.pop() if self._sizes else 2
        if self._arriving:
            self.post(self._arriving.pop())
        body: dict[str, Any] = {"meta": {}}
        if wanted[:size]:
            body["data"] = [{"id": str(post)} for post in wanted[:size]]
        if len(wanted) > size:
            body["meta"]["next"] = str(wanted[size - 1])
        return body

    def post(self, count: int) -> None:
        self.posts += range(self.posts[-1] + 1, self.posts[-1] + 1 + count)


@given(
    sizes=st.lists(st.integers(1, 5), max_size=30),
    arriving=st.lists(st.integers(0, 4), max_size=30),
    stops=st.lists(st.integers(1, 3), max_size=6),
)
def test_newest_first_loses_no_id_under_any_cut_of_pages_and_any_stop(
    sizes: list[int], arriving: list[int], stops: list[int]
) -> None:
    platform = Timeline(sizes, arriving)
    reader = Reader(stream=timeline(), answer=platform.answer)
    for stop in stops:
        reader.walk(pages=stop)
    while True:
        there, fresh = list(platform.posts), "page" not in reader.state
        reader.walk()
        if fresh:
            break
    assert {str(post) for post in there} <= set(reader.seen)


def test_newest_first_reads_only_what_is_newer_than_the_last_walk() -> None:
    platform = Timeline([], [])
    reader = Reader(stream=timeline(), answer=platform.answer)
    reader.walk()
    platform.post(3)
    reader.seen.clear()
    reader.walk()
    assert reader.seen == ["102", "101", "100"]


def test_newest_first_compares_ids_as_numbers() -> None:
    page = timeline().parse(Request(path="/posts"), reply({"data": [{"id": "99"}, {"id": "100"}]}), {}, CONTEXT)
    assert page.state == {"since": "100"}


def test_newest_first_moves_its_mark_only_at_the_end_of_a_walk() -> None:
    page = timeline().parse(
        Request(path="/posts"), reply({"data": [{"id": "200"}], "meta": {"next": "n"}}), {"since": "100"}, CONTEXT
    )
    assert page.state == {"since": "100", "newest": "200", "page": "n"}


def test_newest_first_keeps_its_mark_through_an_empty_walk() -> None:
    page = timeline().parse(Request(path="/posts"), reply({"meta": {}}), {"since": "100"}, CONTEXT)
    assert page.state == {"since": "100"}
    assert timeline().parse(Request(path="/posts"), reply({"meta": {}}), {}, CONTEXT).state == {}


def test_newest_first_reads_again_what_is_not_settled() -> None:
    platform = Timeline([], [])
    reader = Reader(stream=timeline(lambda now: 98), answer=platform.answer)
    reader.walk()
    reader.seen.clear()
    reader.walk()
    assert reader.seen == ["99"]
    assert reader.state == {"since": "98"}


# --- offset ---


def members(*, since: bool = False, forget_after: timedelta | None = None, size: int = 5, common: int = 2) -> Stream:
    return offset_stream(
        name="members",
        ask=lambda context: Request(path="/members"),
        records="members",
        total="total",
        size=size,
        common=common,
        columns=COLUMNS,
        since_param="changed_since" if since else None,
        forget_after=forget_after,
    )


@given(
    count=st.integers(0, 40),
    vanishing=st.lists(st.lists(st.integers(0, 100), max_size=2), max_size=20),
)
def test_offset_misses_nobody_who_stays_while_a_few_vanish(count: int, vanishing: list[list[int]]) -> None:
    there = [str(number) for number in range(count)]
    draws = iter(vanishing)

    def answer(request: Request) -> dict[str, Any]:
        offset, size = int(str(request.params["offset"])), int(str(request.params["count"]))
        body = {"members": [{"id": one} for one in there[offset : offset + size]], "total": len(there)}
        for place in next(draws, []):
            if there:
                there.pop(place % len(there))
        return body

    reader = Reader(stream=members(), answer=answer)
    assert reader.walk()
    assert set(there) <= set(reader.seen)


@given(count=st.integers(0, 60), size=st.integers(3, 20), width=st.integers(1, 4))
def test_reading_ahead_brings_the_same_pages_as_reading_one_by_one(count: int, size: int, width: int) -> None:
    def answer(request: Request) -> dict[str, Any]:
        offset = int(str(request.params["offset"]))
        return {"members": [{"id": str(n)} for n in range(offset, min(offset + size, count))], "total": count}

    stream = members(size=size)
    ahead, single = Reader(stream=stream, answer=answer), Reader(stream=stream, answer=answer)
    ahead.walk(width=width)
    single.walk()
    assert ahead.seen == single.seen
    assert set(ahead.seen) == {str(n) for n in range(count)}
    # It asked for nothing that the walk one by one did not ask for.
    assert {one.fingerprint() for one in ahead.asked} == {one.fingerprint() for one in single.asked}


def test_offset_goes_on_where_it_was_stopped_with_the_same_question() -> None:
    def answer(request: Request) -> dict[str, Any]:
        offset = int(str(request.params["offset"]))
        return {"members": [{"id": str(n)} for n in range(offset, min(offset + 5, 12))], "total": 12}

    reader = Reader(stream=members(since=True), answer=answer, state={"since": "2026-11-01T00:00:00Z"})
    assert not reader.walk(pages=1)
    assert reader.walk(now=NOW + timedelta(hours=1))
    assert {str(one.params["changed_since"]) for one in reader.asked} == {"2026-11-01T00:00:00Z"}
    assert set(reader.seen) == {str(n) for n in range(12)}
    # Since the walk began, not since it ended.
    assert reader.state["since"] == iso(NOW - timedelta(minutes=5))


def test_offset_without_a_filter_of_time_remembers_nothing_between_walks() -> None:
    page = members().parse(members().request({}, CONTEXT), reply({"members": [], "total": 0}), {}, CONTEXT)
    assert page.state == {}
    assert page.next is None


def test_offset_forgets_after_a_while_so_that_a_full_walk_comes() -> None:
    stream = members(since=True, forget_after=timedelta(days=7))
    reader = Reader(stream=stream, answer=lambda request: {"members": [], "total": 0})
    for day in range(7):
        reader.walk(now=NOW + timedelta(days=day))
        assert reader.state["full"] == iso(NOW)
    reader.walk(now=NOW + timedelta(days=7))
    assert reader.state == {}
    reader.walk(now=NOW + timedelta(days=8))
    assert "changed_since" not in reader.asked[-1].params
    assert reader.state["full"] == iso(NOW + timedelta(days=8))


@pytest.mark.parametrize("body", [{"members": []}, {"members": [], "total": "many"}])
def test_offset_refuses_a_reply_without_its_total(body: dict[str, Any]) -> None:
    with pytest.raises(BadReply):
        members().parse(members().request({}, CONTEXT), reply(body), {}, CONTEXT)


# --- tokens ---


def owners(in_body: bool = False) -> Stream:
    return token_stream(
        name="owners",
        ask=lambda context: Request(path="/owners", json={"limit": 2} if in_body else None),
        records="results",
        next_token=at("next"),
        token_param="after",
        in_body=in_body,
        columns=COLUMNS,
    )


@pytest.mark.parametrize("in_body", [False, True])
@given(stops=st.lists(st.integers(1, 3), max_size=4), count=st.integers(1, 12))
def test_a_list_by_token_is_whole_after_any_stop(in_body: bool, stops: list[int], count: int) -> None:
    def answer(request: Request) -> dict[str, Any]:
        body = request.json if isinstance(request.json, dict) else {}
        begin = int(str((body if in_body else request.params).get("after", 0)))
        more = {"next": str(begin + 2)} if begin + 2 < count else {}
        return {"results": [{"id": str(n)} for n in range(begin, min(begin + 2, count))], **more}

    reader = Reader(stream=owners(in_body), answer=answer)
    done = any(reader.walk(pages=stop) for stop in stops) or reader.walk()
    assert done
    assert set(reader.seen) == {str(n) for n in range(count)}
    assert reader.state == {}


def test_a_short_page_with_a_token_is_not_the_end() -> None:
    page = owners().parse(Request(path="/owners"), reply({"results": [], "next": "x"}), {}, CONTEXT)
    assert page.next is not None
    assert page.state == {"page": "x"}


@pytest.mark.parametrize(
    ("body", "token"),
    [
        ({"has_more": True, "data": [{"id": "a"}, {"id": "b"}]}, "b"),
        ({"has_more": False, "data": [{"id": "a"}]}, None),
        ({"data": [{"id": "a"}]}, None),
        ({"has_more": False, "data": []}, None),
    ],
)
def test_the_last_id_is_the_token_while_there_is_more(body: dict[str, Any], token: str | None) -> None:
    response = reply(body)
    assert last_id()(response, response.records("data")) == token


def test_more_without_a_record_to_go_on_from_is_no_end() -> None:
    with pytest.raises(BadReply, match="none to go on from"):
        last_id()(reply({"has_more": True, "data": []}), [])


def test_one_object_is_a_snapshot() -> None:
    stream = object_stream(name="me", ask=lambda context: Request(path="/me"), record="data", columns=COLUMNS)
    page = stream.parse(Request(path="/me"), reply({"data": {"id": "7"}}), {}, CONTEXT)
    assert stream.mode == "snapshot"
    assert (ids(page.records), page.state, page.next) == (["7"], {}, None)


# --- deltas ---


def changes(listing_seen: list[bool] | None = None) -> Stream:
    def split(entries: Sequence[bytes], listing: bool) -> tuple[list[bytes], list[Deletion], list[int]]:
        if listing_seen is not None:
            listing_seen.append(listing)
        return list(entries), [], []

    return delta_stream(
        name="files",
        ask=lambda context: Request(path="/list"),
        resume=lambda cursor, context: Request(path="/continue", params={"cursor": cursor}),
        cursor="cursor",
        more_flag="more",
        split=split,
        records="entries",
        columns=COLUMNS,
    )


def test_a_delta_knows_its_first_walk_from_the_later_ones_also_after_a_stop() -> None:
    bodies = iter(
        [
            {"entries": [{"id": "1"}], "cursor": "a", "more": True},
            {"entries": [{"id": "2"}], "cursor": "b", "more": False},
            {"entries": [{"id": "3"}], "cursor": "c", "more": True},
            {"entries": [], "cursor": "d", "more": False},
        ]
    )
    told: list[bool] = []
    reader = Reader(stream=changes(told), answer=lambda request: next(bodies))
    assert not reader.walk(pages=1)
    assert reader.state == {"cursor": "a", "listing": True}
    assert reader.walk()
    assert reader.walk()
    assert told == [True, True, False, False]
    assert [one.params.get("cursor") for one in reader.asked] == [None, "a", "b", "c"]
    assert reader.state == {"cursor": "d"}


@pytest.mark.parametrize("body", [{"entries": []}, {"entries": [], "cursor": ""}])
def test_a_delta_without_a_cursor_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(BadReply):
        changes().parse(Request(path="/list"), reply(body), {}, CONTEXT)


# --- records ---

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3), max_leaves=5
)
OBJECTS = st.dictionaries(st.text(), JSON_VALUES, max_size=4)


@given(record=OBJECTS, around=OBJECTS, indent=st.sampled_from([None, 0, 2]), space=st.sampled_from(["", " ", "\n\t"]))
def test_members_put_before_a_record_leave_its_own_as_they_are(
    record: dict[str, Any], around: dict[str, Any], indent: int | None, space: str
) -> None:
    raw = (space + json.dumps(record, indent=indent) + space).encode()
    assert json.loads(with_members(raw, around)) == {**around, **record}


def test_times_are_told_in_utc() -> None:
    east = datetime(2026, 1, 31, 11, 30, 15, 999, tzinfo=timezone(timedelta(hours=2)))
    assert iso(east) == "2026-01-31T09:30:15Z"


@pytest.mark.parametrize("body", [b"{}", b'{"results":null}', b'{"error":"maintenance"}'])
def test_a_reply_without_its_list_does_not_end_a_walk_that_would_sweep_everything_away(body: bytes) -> None:
    with pytest.raises(BadReply, match="does not hold the list"):
        present_records(Response(status=200, body=body), "results")


def test_an_empty_list_is_a_list_and_so_is_a_count_of_none_where_the_platform_leaves_the_list_out() -> None:
    assert present_records(Response(status=200, body=b'{"results":[]}'), "results") == []
    assert present_records(Response(status=200, body=b'{"meta":{"result_count":0}}'), "data", "meta/result_count") == []
    with pytest.raises(BadReply):
        present_records(Response(status=200, body=b'{"meta":{}}'), "data", "meta/result_count")
