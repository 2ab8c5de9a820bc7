from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import BadReply, UsageError
from core.http import Request, Response

# Steps are constants of connectors: names without slash, quote, backslash and control characters.
NAMES = st.text(st.characters(exclude_characters='/"\\', exclude_categories=["Cs", "Cc"]), min_size=1, max_size=6)
FEW_NAMES = st.sampled_from(["results", "paging", "a b", "@odata.nextLink", "é", "None", "value"])
DOCUMENTS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**80), 2**80)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=20,
)
# A decoder is made once for each path, so few paths keep this quick; any name is tried apart.
PATHS = st.lists(FEW_NAMES, max_size=3)


def nested(value: Any, steps: list[str], beside: dict[str, Any]) -> Any:
    for step in reversed(steps):
        value = {**beside, step: value}
    return value


def reply(document: Any, *, ascii_only: bool = False, indent: int | None = None) -> Response:
    return Response(status=200, body=json.dumps(document, ensure_ascii=ascii_only, indent=indent).encode())


@given(
    records=st.lists(DOCUMENTS, max_size=5),
    steps=PATHS,
    beside=st.dictionaries(NAMES, DOCUMENTS, max_size=3),
    ascii_only=st.booleans(),
    indent=st.sampled_from([None, 2]),
)
def test_records_cuts_out_exactly_what_decoding_finds(
    records: list[Any], steps: list[str], beside: dict[str, Any], ascii_only: bool, indent: int | None
) -> None:
    response = reply(nested(records, steps, beside), ascii_only=ascii_only, indent=indent)
    cut = response.records("/".join(steps))
    assert [json.loads(raw) for raw in cut] == records
    assert all(raw in response.body for raw in cut)


@given(value=DOCUMENTS, steps=PATHS, beside=st.dictionaries(NAMES, DOCUMENTS, max_size=3))
def test_get_finds_what_decoding_finds(value: Any, steps: list[str], beside: dict[str, Any]) -> None:
    found = reply(nested(value, steps, beside)).get("/".join(steps), "the default")
    assert found == ("the default" if value is None else value)


@given(document=DOCUMENTS, steps=PATHS)
def test_looking_where_nothing_stands_gives_the_default(document: Any, steps: list[str]) -> None:
    standing: Any = document
    for step in steps:
        standing = standing.get(step) if isinstance(standing, dict) else None
    expected = "the default" if standing is None else standing
    assert reply(document).get("/".join(steps), "the default") == expected


@given(value=DOCUMENTS, steps=PATHS)
def test_raw_is_the_text_that_arrived(value: Any, steps: list[str]) -> None:
    response = reply(nested(value, steps, {}))
    raw = response.raw("/".join(steps))
    assert raw == (None if value is None else json.dumps(value, ensure_ascii=False).encode())


@given(record=st.dictionaries(NAMES, DOCUMENTS), steps=PATHS)
def test_an_object_in_place_of_the_array_is_one_record(record: dict[str, Any], steps: list[str]) -> None:
    assert [json.loads(raw) for raw in reply(nested(record, steps, {})).records("/".join(steps))] == [record]


def test_an_absent_or_null_array_has_no_records() -> None:
    assert reply({"results": None}).records("results") == []
    assert reply({}).records("results") == []
    assert reply({"data": None}).records("data/items") == []
    assert reply(None).records() == []


@pytest.mark.parametrize("standing", ["text", 7, True, 1.5])
def test_anything_else_in_place_of_the_array_is_a_bad_reply(standing: Any) -> None:
    with pytest.raises(BadReply, match="no records"):
        reply({"results": standing}).records("results")
    with pytest.raises(BadReply, match="no records"):
        reply(standing).records()


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>Bad gateway</html>", b'{"results": [{"id": 1}, {"id"', b'{"results": []} trailing', b'{"a": "\xff"}'],
)
def test_what_is_no_json_is_looked_at_calmly_and_insisted_on_loudly(body: bytes) -> None:
    response = Response(status=200, body=body)
    assert response.get("error/message", "nothing") == "nothing"
    with pytest.raises(BadReply, match="not valid JSON"):
        response.json()
    with pytest.raises(BadReply):
        response.records("results")


@given(steps=st.lists(NAMES, max_size=3))
@settings(max_examples=25)
def test_any_name_can_be_a_step(steps: list[str]) -> None:
    assert reply(nested([7], steps, {"beside": 1})).records("/".join(steps)) == [b"7"]


@pytest.mark.parametrize("document", [{"results": 5}, {"results": "text"}, {"results": [1]}])
def test_a_way_that_is_blocked_is_a_bad_reply(document: Any) -> None:
    with pytest.raises(BadReply, match="no records at 'results/items'"):
        reply(document).records("results/items")


def test_the_last_of_two_equal_names_counts_as_in_every_decoder() -> None:
    assert Response(status=200, body=b'{"a":[1],"a":[2]}').records("a") == [b"2"]


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        (r"cut \ud83d", "cut \ufffd"),
        (r"\udc00 begins", "\ufffd begins"),
        (r"\uD83D\uD83D\uDE00", "\ufffd😀"),
        (r"whole \ud83d\ude00", "whole 😀"),
        (r"no escape \\ud83d but \ud83d", "no escape \\ud83d but \ufffd"),
    ],
)
def test_half_an_emoji_spoils_no_page(text: str, mended: str) -> None:
    response = Response(status=200, body=b'{"data":[{"text":"%s"},{"id":2}]}' % text.encode())
    assert [json.loads(raw) for raw in response.records("data")] == [{"text": mended}, {"id": 2}]
    assert response.get("data")[0] == {"text": mended}
    assert response.json()["data"][0] == {"text": mended}


def test_numbers_keep_every_digit_that_arrived() -> None:
    response = Response(status=200, body=b'{"data":[{"id":12345678901234567890123,"amount":1.10}]}')
    assert response.records("data") == [b'{"id":12345678901234567890123,"amount":1.10}']


ARGUMENTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20).filter(
    lambda text: text not in (".", "..")
)


@given(args=st.fixed_dictionaries({"list_id": ARGUMENTS, "member": ARGUMENTS}))
def test_no_argument_adds_a_segment_a_query_or_a_host(args: dict[str, str]) -> None:
    filled = Request(path="/lists/{list_id}/members/{member}", args=args).filled_path
    pieces = filled.split("/")
    assert [pieces[0], pieces[1], pieces[3]] == ["", "lists", "members"]
    assert len(pieces) == 5
    assert not set("?#@:\\ ") & set(filled)
    assert [unquote(pieces[2]), unquote(pieces[4])] == [args["list_id"], args["member"]]


@pytest.mark.parametrize("argument", [".", "..", ""])
def test_an_argument_cannot_step_out_of_its_segment(argument: str) -> None:
    with pytest.raises(UsageError, match="item"):
        _ = Request(path="/items/{item}/parts", args={"item": argument}).filled_path


def test_the_same_question_has_the_same_fingerprint_whatever_the_order() -> None:
    one = Request(path="/a", params={"x": 1, "y": "2"}, json={"b": 1, "a": [1, {"d": 1, "c": 2}]})
    two = Request(path="/a", params={"y": "2", "x": 1}, json={"a": [1, {"c": 2, "d": 1}], "b": 1})
    assert one.fingerprint() == two.fingerprint()


def test_headers_do_not_count_and_filled_arguments_do() -> None:
    assert Request(path="/a", headers={"x": "1"}).fingerprint() == Request(path="/a").fingerprint()
    one, two = (Request(path="/a/{id}", args={"id": i}) for i in "12")
    assert one.fingerprint() != two.fingerprint()


QUESTIONS = st.builds(
    lambda method, base, params, json_, form, content: Request(
        method=method, path="/a", base=base, params=params, json=json_, form=form, content=content
    ),
    st.sampled_from(["GET", "POST"]),
    st.sampled_from([None, "https://a.example", "https://b.example"]),
    st.dictionaries(st.sampled_from(["p", "q"]), st.sampled_from(["1", "2", "", 1, True])),
    st.sampled_from([None, {}, [], {"p": "1"}, {"p": 1}, "1", 1, False]),
    st.sampled_from([None, {"p": "1"}, {"p": "2"}]),
    st.sampled_from([None, b"1", b"2"]),
)


def _on_the_wire(request: Request) -> str:
    """What the platform would be asked, told without `fingerprint`."""
    params = sorted((k, str(v).lower() if isinstance(v, bool) else str(v)) for k, v in request.params.items())
    return repr((request.method, request.base, request.filled_path, params, json.dumps(request.json, sort_keys=True)))


@given(one=QUESTIONS, two=QUESTIONS)
def test_different_questions_have_different_fingerprints(one: Request, two: Request) -> None:
    if _on_the_wire(one) != _on_the_wire(two) or one.form != two.form or one.content != two.content:
        assert one.fingerprint() != two.fingerprint()
    elif repr(dict(one.params)) == repr(dict(two.params)):
        assert one.fingerprint() == two.fingerprint()


def test_parameters_are_amended_and_taken_away() -> None:
    first = Request(path="/a", params={"limit": 100, "after": "x"})
    assert first.with_params(after="y").params == {"limit": 100, "after": "y"}
    assert first.with_params(after=None).params == {"limit": 100}
    assert first.params == {"limit": 100, "after": "x"}


def test_members_of_the_body_are_amended() -> None:
    assert Request(path="/a", json={"limit": 1}).with_body(cursor="c").json == {"limit": 1, "cursor": "c"}
    assert Request(path="/a").with_body(cursor="c").json == {"cursor": "c"}
    with pytest.raises(TypeError, match="JSON object"):
        Request(path="/a", json=[1]).with_body(cursor="c")


def test_a_request_shows_names_and_no_values() -> None:
    request = Request(
        method="POST",
        path="/lists/{list_id}",
        args={"list_id": "visible-argument"},
        params={"page_token": "hidden-parameter"},
        form={"refresh_token": "hidden-form"},
        json={"a": "hidden-json"},
        headers={"Authorization": "hidden-header"},
    )
    assert repr(request) == "<Request POST /lists/{list_id}?page_token>"


def test_a_response_shows_no_body_and_no_headers() -> None:
    response = Response(status=200, headers={"set-cookie": "hidden-cookie"}, body=b'{"access_token":"hidden-token"}')
    assert "hidden" not in repr(response)
    assert "hidden" not in f"{response}"
