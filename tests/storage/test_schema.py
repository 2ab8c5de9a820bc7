"""Columns: how values are read and checked, what goes to quarantine and comes back, and how tables change."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.model import Column, ColumnType, Deletion, Table
from storage.warehouse.names import utc
from storage.warehouse.quarantine import ReplayReport, replay_quarantine
from tests.columns import Unfit, value
from tests.storage.places import FILES, T0, Place, later, table

REASONS = "SELECT reason FROM landed.quarantine ORDER BY id"


@pytest.mark.parametrize(
    ("column", "found", "expected"),
    [
        (Column(name="c"), "", ""),
        (Column(name="c"), 12, "12"),
        (Column(name="c"), True, "true"),
        (Column(name="c"), "{not json", "{not json"),
        (Column(name="c"), "[]", "[]"),
        (Column(name="c", type="integer"), "", None),
        (Column(name="c", type="integer"), "0012", 12),
        (Column(name="c", type="integer"), 3.0, 3),
        (Column(name="c", type="integer"), 9007199254740993, 9007199254740993),
        (Column(name="c", type="number"), "1.5", 1.5),
        (Column(name="c", type="boolean"), "true", True),
        (Column(name="c", type="timestamp"), "2026-01-02", datetime.fromisoformat("2026-01-02T00:00:00")),
        (
            Column(name="c", type="timestamp"),
            "2026-01-02T03:04:05.678-0330",
            datetime.fromisoformat("2026-01-02T06:34:05.678"),
        ),
        (Column(name="c", type="timestamp"), "2026-01-02T03:04:05Z", datetime.fromisoformat("2026-01-02T03:04:05")),
        (Column(name="c", type="epoch"), 1767323045, datetime.fromisoformat("2026-01-02T03:04:05")),
        (Column(name="c", type="epoch"), -1, datetime.fromisoformat("1969-12-31T23:59:59")),
        (Column(name="c", type="epoch_ms"), "1767323045678", datetime.fromisoformat("2026-01-02T03:04:05.678")),
        (Column(name="c", type="date"), "2026-01-02", date(2026, 1, 2)),
        (Column(name="c", type="date"), "20260102", date(2026, 1, 2)),
        (Column(name="c", type="json"), {"a": [1, None]}, '{"a":[1,null]}'),
        (Column(name="c", type="json"), "", '""'),
        (Column(name="c", type="json"), None, None),
        (Column(name="c", path="@fetched_at", type="timestamp"), 1, utc(T0)),
        (Column(name="c", path="@parent/n", type="integer"), 1, 7),
    ],
    ids=str,
)
def test_a_value_lands_as_its_column_says(place: Place, column: Column, found: Any, expected: Any) -> None:
    place.write({"id": "1", "c": found}, table=table(column), parent={"n": 7})
    place.drain()
    assert place.rows("SELECT reason FROM landed.quarantine") == []
    assert place.rows("SELECT c FROM dropbox.entries") == [(expected,)]


@pytest.mark.parametrize(
    ("column", "found", "reason"),
    [
        (Column(name="c", required=True), None, "c: missing"),
        (Column(name="c", type="integer", required=True), "", "c: missing"),
        (Column(name="c"), {"a": 1}, "c: not a text"),
        (Column(name="c"), [], "c: not a text"),
        (Column(name="c", type="integer"), "twelve", "c: not an integer"),
        (Column(name="c", type="integer"), 1.5, "c: not an integer"),
        (Column(name="c", type="integer"), 2**63, "c: not an integer"),
        (Column(name="c", type="integer"), [1], "c: not an integer"),
        (Column(name="c", type="number"), "NaN", "c: not a number"),
        (Column(name="c", type="boolean"), "perhaps", "c: not true or false"),
        (Column(name="c", type="timestamp"), 1767323045, "c: not an ISO 8601 time"),
        (Column(name="c", type="timestamp"), "infinity", "c: not an ISO 8601 time"),
        (Column(name="c", type="epoch"), 1e300, "c: not seconds since 1970"),
        (Column(name="c", type="date"), "tomorrow", "c: not a date"),
        (Column(name="c", pattern=r"\d+"), "12a", r"c: does not match the pattern \d+"),
        (Column(name="c", type="integer", minimum=1, maximum=5), 0, "c: below 1"),
        (Column(name="c", type="integer", minimum=1, maximum=5), 6, "c: above 5"),
        (Column(name="c", choices=("a", "it's")), "b", "c: not one of 'a', 'it''s'"),
        (Column(name="c", path="c/d"), "text", "c: not an object"),
        (Column(name="c", path="@parent/n", required=True), 1, "c: missing"),
    ],
    ids=str,
)
def test_a_value_that_cannot_be_goes_to_quarantine_with_its_record(
    place: Place, column: Column, found: Any, reason: str
) -> None:
    record = json.dumps({"id": "1", "c": found}).encode()
    place.write(record, {"id": "2", "c": None}, table=table(replace(column, required=False)), integration="before")
    place.write(record, table=table(column), parent={"other": 1})
    assert place.drain().of("dropbox.entries").quarantined >= 1
    quarantined = "SELECT reason, raw, platform, stream, run, \"at\" FROM landed.quarantine WHERE integration = 'box'"
    ((told, raw, *origin),) = place.rows(quarantined)
    assert (told, json.loads(raw)) == (reason, json.loads(record))
    assert origin == ["dropbox", "entries", "run-1", utc(T0)]


def test_an_empty_list_or_text_in_the_place_of_an_empty_object_is_no_fault(place: Place) -> None:
    empties: list[Any] = [[], "", None, {}]
    place.write(*({"id": str(i), "info": empty} for i, empty in enumerate(empties)))
    assert place.drain().quarantined == 0


def test_lines_that_are_not_json_objects_are_kept_as_they_came(place: Place) -> None:
    lines = [b'["segment",{"id":"x"}]', b"null", b"5", b'{"id": "cut', b'{"id": "\xff"}', b'{"id": "\\ud800"}', b""]
    place.write(*lines, {"id": "good"})
    report = place.drain()
    assert (report.rows, report.quarantined) == (1, len(lines))
    rows = place.rows("SELECT raw, reason FROM landed.quarantine ORDER BY CAST(split_part(id, ':', 2) AS INTEGER)")
    assert [raw for raw, _ in rows] == [
        '["segment",{"id":"x"}]',
        "null",
        "5",
        '{"id": "cut',
        '{"id": "\\xff"}',
        '{"id": "\\ud800"}',
        "null",
    ]
    assert [reason.split(";")[0] for _, reason in rows] == ["not a JSON object"] * 3 + ["not JSON"] * 3 + [
        "not a JSON object"
    ]


def test_paths_may_hold_what_sql_and_json_treat_as_special(place: Place) -> None:
    odd = table(
        Column(name="tag", path='.tag/it\'s "x"'),
        Column(name="whole", path="props", type="json"),
        Column(name="inner", path="props/a.b"),
        Column(name="first", path="list/0/name"),
        Column(name="upper", path="Name"),
        Column(name="lower", path="name"),
        Column(name="tilde", path="a~b"),
        Column(name='we"ird; name', path="name"),
    )
    record = {"id": "1", ".tag": {'it\'s "x"': "t"}, "props": {"a.b": "i"}, "list": [{"name": "f"}]}
    place.write(record | {"Name": "U", "name": "l", "a~b": "~"}, table=odd)
    assert place.drain().quarantined == 0
    assert place.rows(
        'SELECT tag, whole, "inner", first, upper, lower, tilde, "we""ird; name" FROM dropbox.entries'
    ) == [("t", '{"a.b":"i"}', "i", "f", "U", "l", "~", "l")]


_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**62), 2**62),
    st.floats(allow_nan=False, allow_infinity=False, min_value=-1e12, max_value=1e12).map(lambda x: round(x, 3)),
    st.text(max_size=6).filter(lambda text: not any(c in text for c in "_xX") and text.strip() == text),
    st.sampled_from(["true", "12", "-3", "1.5", "2026-01-02", "2026-01-02T03:04:05+01:00", "{}", "[", "x_y", "é'\"\\"]),
    st.just({}),
    st.just([1]),
)


@settings(max_examples=15, deadline=None)
@given(found=st.lists(_VALUES, min_size=1, max_size=40), kind=st.sampled_from(["text", "integer", "number", "boolean"]))
def test_sql_reads_values_as_a_plain_reading_does(found: list[Any], kind: ColumnType) -> None:
    column = Column(name="c", type=kind)
    records = [json.dumps({"id": str(i), "c": one}).encode() for i, one in enumerate(found)]
    expected: dict[str, Any] = {}
    for i, record in enumerate(records):
        try:
            expected[str(i)] = value(column, record)
        except Unfit:
            continue
    with tempfile.TemporaryDirectory() as folder:
        place = Place(folder=Path(folder))
        place.write(*records, table=table(column))
        place.drain()
        landed = dict(place.rows("SELECT id, c FROM dropbox.entries"))
    if kind == "text":  # how a number is written is not for us to say: 1.0, 1e0
        numbers = {str(i) for i, one in enumerate(found) if isinstance(one, float)}
        assert landed.keys() == expected.keys()
        assert all(landed[i] == expected[i] for i in landed.keys() - numbers)
    else:
        assert landed == expected


def test_a_column_declared_later_is_filled_from_the_raw_records(place: Place) -> None:
    place.write({"id": "1", "owner": {"name": "Ann"}, "n": "5"}, {"id": "2", "n": "1.5"})
    place.drain()
    wider = table(Column(name="owner", path="owner/name"), Column(name="n", type="integer"))
    place.write({"id": "3", "owner": {"name": "Bo"}}, table=wider, at=later(1))
    place.drain(later(1))
    assert place.rows("SELECT id, owner, n, path FROM dropbox.entries ORDER BY id") == [
        ("1", "Ann", 5, None),
        ("2", None, None, None),
        ("3", "Bo", None, None),
    ]
    assert place.rows('SELECT "column", change, "at" FROM landed.schema_changes WHERE "column" <> \'*\'') == [
        ("owner", "added, filled from the raw records", utc(later(1))),
        ("n", "added, filled from the raw records", utc(later(1))),
    ]


def test_a_column_whose_type_or_path_changed_is_rebuilt_from_the_raw_records(place: Place) -> None:
    place.write(
        {"id": "1", "when": 1767323045, "at": "x"}, table=table(Column(name="when"), Column(name="what", path="at"))
    )
    place.drain()
    changed = table(Column(name="when", type="epoch"), Column(name="what", path="when"))
    place.write(table=changed)
    place.drain()
    assert place.rows('SELECT "when", what FROM dropbox.entries') == [
        (datetime.fromisoformat("2026-01-02T03:04:05"), "1767323045")
    ]


def test_a_table_without_raw_records_changes_as_far_as_its_values_go(place: Place) -> None:
    bare = table(Column(name="n"), keep_raw=False)
    place.write({"id": "1", "n": "5"}, {"id": "2", "n": "five"}, table=bare)
    place.drain()
    place.write(table=table(Column(name="n", type="integer"), Column(name="m"), keep_raw=False))
    place.drain()
    assert place.rows("SELECT id, n, m FROM dropbox.entries ORDER BY id") == [("1", 5, None), ("2", None, None)]


def test_segments_of_two_versions_of_a_table_land_in_one_drain(place: Place) -> None:
    place.write({"id": "1", "new": "a"})
    place.write({"id": "2", "new": "b"}, table=table(Column(name="new")))
    place.drain()
    assert place.rows("SELECT id, new FROM dropbox.entries ORDER BY id") == [("1", "a"), ("2", "b")]


def test_a_field_that_no_column_declares_is_noted_once_without_its_value(place: Place) -> None:
    record = {"id": "1", "secret": "hunter2", "info": {"size": 1, "colour": ["red"]}, "empty": None, "n": 1}
    place.write(record)
    place.drain()
    place.write(record | {"later": {"a": "hunter2"}}, at=later(1))
    place.drain(later(1))
    rows = place.rows("SELECT path, json_type, first_seen, platform, stream FROM landed.drift ORDER BY path")
    assert [row[:3] for row in rows] == [
        ("info/colour", "array", utc(T0)),
        ("later", "object", utc(later(1))),
        ("n", "number", utc(T0)),
        ("secret", "text", utc(T0)),
    ]
    assert "hunter2" not in str(rows)


def _replay(place: Place, table: Table, integration: str | None = None) -> ReplayReport:
    tables = {("dropbox", "entries"): table}
    return replay_quarantine(place.warehouse, table_of=tables, now=later(99), integration=integration)


def test_replay_lands_what_passes_now_unless_its_key_is_newer(place: Place) -> None:
    strict = table(Column(name="size", type="integer", maximum=10), Column(name="list", path="@parent/id"))
    place.write({"id": "a", "size": 1}, table=strict, parent={"id": "l"})
    place.write(
        *({"id": key, "size": 20} for key in ("a", "b", "newer", "removed")),
        {"id": "bad", "size": "x"},
        b"junk",
        table=strict,
        parent={"id": "l"},
        at=later(1),
    )
    place.write({"id": "newer", "size": 3}, {"id": "removed"}, table=strict, parent={"id": "l"}, at=later(2))
    place.write(table=strict, parent={"id": "l"}, at=later(3), deletions=[(Deletion(match={"id": "removed"}), 0)])
    assert place.drain().quarantined == 6
    loose = table(Column(name="size", type="integer", maximum=50), Column(name="list", path="@parent/id"))
    assert _replay(place, loose, "other") == ReplayReport()
    assert _replay(place, loose) == ReplayReport(landed=2, overtaken=2, still_bad=2)
    assert place.rows(
        "SELECT id, size, list, _partition FROM dropbox.entries WHERE _deleted_at IS NULL ORDER BY id"
    ) == [
        ("a", 20, "l", '{"id":"l"}'),
        ("b", 20, "l", '{"id":"l"}'),
        ("newer", 3, "l", '{"id":"l"}'),
    ]
    assert place.rows("SELECT count(*) FROM landed.quarantine WHERE replayed_at IS NULL") == [(2,)]
    assert _replay(place, loose) == ReplayReport(still_bad=2)


def test_of_a_keys_quarantined_versions_the_last_one_lands(place: Place) -> None:
    strict = table(Column(name="size", type="integer", maximum=10))
    for minute, size in enumerate((20, 30, 40)):
        place.write({"id": "a", "size": size}, table=strict, at=later(minute))
    place.drain()
    assert _replay(place, FILES_WITHOUT_LIMIT).landed == 3
    assert place.rows("SELECT size FROM dropbox.entries") == [(40,)]


FILES_WITHOUT_LIMIT = table(Column(name="size", type="integer"))


def test_the_specification_of_a_table_survives_its_way_through_json(place: Place) -> None:
    place.write({"id": "1"})
    place.drain()
    ((spec,),) = place.rows("SELECT spec FROM landed.tables")
    assert msgspec.json.decode(spec, type=Table) == FILES
