"""Charts in the terminal."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from console.charts import chart
from core.errors import UsageError

DAYS = [date(2026, 1, 1) + timedelta(days=n) for n in range(10)]


def test_days_against_numbers_make_a_line() -> None:
    drawn = chart(("day", "rows"), [(day, n * n) for n, day in enumerate(DAYS)], title="Rows by day")
    assert "Rows by day" in drawn
    assert "Jan 01" in drawn
    assert "81" in drawn


def test_a_label_beside_the_days_makes_a_line_for_each_label() -> None:
    rows = [(day, platform, n) for n, day in enumerate(DAYS) for platform in ("x", "hubspot")]
    drawn = chart(("day", "platform", "rows"), rows)
    assert "hubspot" in drawn
    assert "●● hubspot" in drawn
    assert "×× x" in drawn


def test_the_hint_of_a_question_says_which_columns_count() -> None:
    rows = [(day, "noise", 5, n) for n, day in enumerate(DAYS)]
    drawn = chart(("day", "label", "other", "followers"), rows, hint=("day", "followers"))
    assert "followers" in drawn
    assert "noise" not in drawn


def test_labels_against_numbers_make_bars_in_proportion() -> None:
    drawn = chart(("platform", "rows"), [("hubspot", 200), ("x", 100), ("empty", 0)])
    bars = {line.split()[0]: line.count("▇") for line in drawn.splitlines()[1:]}
    assert abs(bars["hubspot"] - 2 * bars["x"]) <= 1
    assert bars["empty"] == 0


def test_a_single_day_is_shown_as_bars() -> None:
    assert "▇" in chart(("day", "platform", "rows"), [(DAYS[0], "x", 3), (DAYS[0], "hubspot", 4)])


def test_many_bars_are_cut_and_said_to_be() -> None:
    assert "and 60 more" in chart(("name", "n"), [(f"n{n}", n) for n in range(100)])


def test_a_chart_brings_no_escape_sequences() -> None:
    rows = [(day, "bad\x1b[31m", n) for n, day in enumerate(DAYS)]
    assert "\x1b" not in chart(("day", "label", "n"), rows)


@pytest.mark.parametrize("rows", [[], [("a", "b")]])
def test_what_cannot_be_drawn_says_so(rows: list[tuple[str, str]]) -> None:
    with pytest.raises(UsageError) as caught:
        chart(("one", "two"), rows)
    assert caught.value.advice
