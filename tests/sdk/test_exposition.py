"""Prometheus' text format, read as records: what the format allows, and what is none of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sdk.exposition import samples
from core.errors import BadReply
from core.http import Response

NAMES = st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]{0,8}", fullmatch=True)
VALUES = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


def read(text: str) -> list[dict[str, Any]]:
    return [json.loads(record) for record in samples(Response(status=200, body=text.encode()))]


def test_a_sample_has_kind_help_labels_and_value() -> None:
    text = (
        "# HELP requests_total Requests, all of them.\n"
        "# TYPE requests_total counter\n"
        'requests_total{method="post",code="200"} 1027 1395066363000\n'
    )
    assert read(text) == [
        {
            "name": "requests_total",
            "kind": "counter",
            "help": "Requests, all of them.",
            "labels": {"method": "post", "code": "200"},
            "label_key": '[["code","200"],["method","post"]]',
            "value": 1027.0,
        }
    ]


def test_the_parts_of_a_histogram_are_of_its_kind() -> None:
    text = '# TYPE wait histogram\nwait_bucket{le="+Inf"} 3\nwait_sum 1.5\nwait_count 3\nother_count 1\n'
    assert [one["kind"] for one in read(text)] == ["histogram"] * 3 + [None]


@pytest.mark.parametrize(
    ("text", "value"),
    [("a 1", 1.0), ("a{} 2", 2.0), ("a  3.5e2 ", 350.0), ("a NaN", None), ("a +Inf", None), ("llamacpp:a -1", -1.0)],
)
def test_values_are_numbers_or_null(text: str, value: float | None) -> None:
    assert read(f"{text}\n")[0]["value"] == value


def test_comments_and_empty_lines_are_nothing() -> None:
    assert read("# a comment\n#\n\n   \n") == []
    assert read("") == []


@pytest.mark.parametrize(
    "text",
    ["<html>", "{", '{"data": []}', "a", "a b", 'a{b="c} 1', "a{b=c} 1", 'a{b="c" d="e"} 1', "1a 1", "Not Found"],
)
def test_what_is_no_sample_is_refused(text: str) -> None:
    with pytest.raises(BadReply):
        read(f"{text}\n")


def test_what_breaks_off_is_refused() -> None:
    for whole in ("a 1\n# HELP b The other.\n", "a 1\nb 12\n"):
        for length in range(len(whole)):
            if length not in (0, 4):
                with pytest.raises(BadReply):
                    read(whole[:length])


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(BadReply):
        samples(Response(status=200, body=b"a \xff"))


@given(name=NAMES, labels=st.dictionaries(NAMES, VALUES, max_size=4), value=st.integers(-(2**40), 2**40))
def test_whatever_is_written_is_read(name: str, labels: dict[str, str], value: int) -> None:
    escaped = {n: v.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"") for n, v in labels.items()}
    inner = ",".join(f'{n}="{v}"' for n, v in escaped.items())
    (one,) = read(f"{name}{{{inner}}} {value}\n")
    assert (one["name"], one["labels"], one["value"]) == (name, labels, value)
