"""How things look: pure, so tried by value and by law."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from console.render import ago, as_csv, as_json, cell, clean, duration, every, mark, table

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("before", "told"),
    [
        (timedelta(0), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(minutes=3, seconds=50), "3 minutes ago"),
        (timedelta(hours=2), "2 hours ago"),
        (timedelta(days=1, hours=5), "1 day ago"),
        (timedelta(seconds=-30), "in a moment"),
        (timedelta(minutes=-58), "in 58 minutes"),
        (timedelta(days=-90), "in 90 days"),
    ],
)
def test_a_moment_is_told_in_the_unit_a_person_would_use(before: timedelta, told: str) -> None:
    assert ago(NOW - before, NOW) == told


def test_what_never_happened_says_so() -> None:
    assert ago(None, NOW) == "never"
    assert ago(None, NOW, never="") == ""


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0.04, "0.0 s"),
        (9.96, "10.0 s"),
        (42.4, "42 s"),
        (60, "1 min"),
        (185, "3 min 5 s"),
        (7_800, "2 h 10 min"),
        (3_600, "1 h"),
    ],
)
def test_a_duration_grows_its_units(seconds: float, told: str) -> None:
    assert duration(seconds) == told


@pytest.mark.parametrize(
    ("minutes", "told"),
    [
        (0, "on demand"),
        (1, "every minute"),
        (15, "every 15 minutes"),
        (60, "every hour"),
        (90, "every 90 minutes"),
        (120, "every 2 hours"),
        (1_440, "every day"),
        (2_880, "every 2 days"),
    ],
)
def test_a_schedule_is_told_in_words(minutes: int, told: str) -> None:
    assert every(minutes) == told


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, ""),
        (True, "yes"),
        (1234567, "1,234,567"),
        (0.5, "0.5"),
        (1234.0, "1,234"),
        (Decimal("3.10"), "3.1"),
        (date(2026, 3, 1), "2026-03-01"),
        (datetime(2026, 3, 1, tzinfo=UTC), "2026-03-01"),
        (datetime(2026, 3, 1, 8, 5, tzinfo=UTC), "2026-03-01 08:05"),
        ({"a": [1]}, '{"a": [1]}'),
        ("text", "text"),
    ],
)
def test_a_cell_shows_what_a_person_reads(value: Any, told: str) -> None:
    assert cell(value) == told


def test_text_from_a_platform_cannot_steer_the_terminal() -> None:
    assert clean("name\x1b[2J\x1b]0;title\x07\u202e end\r\nnext") == "name[2J]0;title end  next"


@given(st.text())
def test_cleaned_text_is_one_line_without_controls(text: str) -> None:
    cleaned = clean(text)
    assert "\x1b" not in cleaned
    assert len(cleaned.splitlines()) <= 1
    assert clean(cleaned) == cleaned


def test_numbers_stand_to_the_right_and_text_to_the_left() -> None:
    made = table(("name", "rows", "all null"), [("a", 1, None), ("b", 20, None)])
    assert [column.justify for column in made.columns] == ["left", "right", "left"]


def test_square_brackets_in_values_are_no_markup() -> None:
    out = io.StringIO()
    Console(file=out, width=80).print(table(("name",), [("[red]x[/red]",)]))
    assert "[red]x[/red]" in out.getvalue()


def test_a_status_has_a_sign_besides_its_colour() -> None:
    assert [mark(status).plain for status in ("ok", "paused", "attention", "new")] == [
        "✓ ok",
        "! paused",
        "✗ attention",
        "· new",
    ]


texts = st.text(st.characters(codec="utf-8", exclude_characters="\r\x00"))


@given(st.lists(st.tuples(texts, texts)))
def test_what_is_written_as_csv_reads_back(rows: list[tuple[str, str]]) -> None:
    read = list(csv.reader(io.StringIO(as_csv(("a", "b"), rows))))
    assert read == [["a", "b"], *(list(row) for row in rows)]


def test_csv_has_iso_times_plain_numbers_and_nothing_for_null() -> None:
    rows = [(datetime(2026, 3, 1, 8, tzinfo=UTC), 1234567, None, {"a": 1})]
    assert (
        as_csv(("at", "n", "null", "json"), rows).splitlines()[1] == '2026-03-01T08:00:00+00:00,1234567,,"{""a"": 1}"'
    )


def test_json_has_words_for_times_and_decimals() -> None:
    value = {"at": datetime(2026, 3, 1, tzinfo=UTC), "day": date(2026, 3, 1), "n": Decimal(7), "x": Decimal("0.5")}
    assert json.loads(as_json(value)) == {"at": "2026-03-01T00:00:00+00:00", "day": "2026-03-01", "n": 7, "x": 0.5}
