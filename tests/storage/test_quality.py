"""Suites made from columns, and one real run of Great Expectations over a real warehouse."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.model import Column, Mode, Table
from storage.quality import INTERVALS_LATE, LIVE_ROWS, QualityResult, check_tables, row_expectations
from storage.warehouse.connection import Warehouse
from storage.warehouse.drain import drain
from storage.warehouse.landing import LandingZone
from storage.warehouse.metrics import SYNCS

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def people(mode: Mode = "upsert") -> Table:
    return Table(
        schema="crm",
        name="people",
        key=("id",),
        mode=mode,
        columns=(
            Column(name="id", pattern=r"\d+"),
            Column(name="email", required=True),
            Column(name="age", type="integer", minimum=0, maximum=150),
            Column(name="stage", choices=("lead", "customer")),
            Column(name="note"),
        ),
    )


def test_a_suite_says_what_the_columns_declare() -> None:
    said = [(each.name, each.column) for each in row_expectations(people())]
    assert said == [
        ("expect_column_values_to_not_be_null", "id"),
        ("expect_column_values_to_match_regex", "id"),
        ("expect_column_values_to_not_be_null", "email"),
        ("expect_column_values_to_be_between", "age"),
        ("expect_column_values_to_be_in_set", "stage"),
        ("expect_compound_columns_to_be_unique", "_integration, id"),
    ]


def test_the_key_of_a_snapshot_holds_the_day_and_an_append_has_none() -> None:
    assert row_expectations(people("snapshot"))[-1].column == "_integration, id, _day"
    assert all("unique" not in each.name for each in row_expectations(people("append")))


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(tmp_path / "warehouse.duckdb")


def land(warehouse: Warehouse, table: Table, rows: list[dict[str, Any]], integration: str = "crm") -> None:
    landing = LandingZone(warehouse.path.with_name("landing"))
    records = [msgspec.json.encode(row) for row in rows]
    landing.write(integration=integration, owner="me", run="r", table=table, records=records, fetched_at=NOW)
    assert drain(warehouse, landing, now=NOW).quarantined == 0


def synced(warehouse: Warehouse, finished_at: datetime) -> None:
    row = {"started_at": finished_at, "finished_at": finished_at, "integration": "crm", "platform": "crm"}
    land(warehouse, SYNCS, [row | {"stream": "people", "outcome": "ok"}], "")


def check(warehouse: Warehouse, *tables: Table, since: datetime = NOW - HOUR) -> dict[tuple[str, str], QualityResult]:
    results = check_tables(
        warehouse, tables, owner="me", intervals={"crm": HOUR, "other": None}, since=since, now=NOW + HOUR
    )
    return {(result.expectation.removeprefix("expect_"), result.column): result for result in results}


def test_nothing_is_checked_where_nothing_has_landed(warehouse: Warehouse) -> None:
    assert check(warehouse, people()) == {}


PERSON = {"email": "a@example.org", "age": 30, "stage": "lead"}


@pytest.mark.slow
def test_expectations_find_what_is_wrong_in_the_table_and_repeat_no_value(
    warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    land(warehouse, people(), [{"id": str(number), **PERSON} for number in range(50)])
    land(warehouse, people(), [{"id": "1", **PERSON, "age": None}], "other")
    synced(warehouse, NOW)
    good = check(warehouse, people())
    assert {result.success for result in good.values()} == {True}
    assert {result.suite for result in good.values()} == {"crm.people", "crm.people as a whole"}
    assert good["column_values_to_not_be_null", "email"].checked == 51
    assert good["column_values_to_be_between", "age"].observed == "0 of 50 unexpected"

    with warehouse.writing() as connection:
        # What no row check can catch: the table was changed from outside.
        connection.execute("UPDATE crm.people SET id = '7' WHERE id IN ('8', '9')")
        connection.execute("UPDATE crm.people SET id = 'x 7 y' WHERE id = '10'")
        connection.execute("UPDATE crm.people SET email = NULL WHERE id = '11'")
        connection.execute("UPDATE crm.people SET age = 151 WHERE id IN ('11', '12')")
        connection.execute("UPDATE crm.people SET stage = 'secret stage' WHERE id = '13'")
    bad = check(warehouse, people())
    unexpected = {key: result.unexpected for key, result in bad.items() if not result.success}
    assert unexpected == {
        ("column_values_to_match_regex", "id"): 1,
        ("column_values_to_not_be_null", "email"): 1,
        ("column_values_to_be_between", "age"): 2,
        ("column_values_to_be_in_set", "stage"): 1,
        ("compound_columns_to_be_unique", "_integration, id"): 3,
    }
    assert "secret stage" not in str(bad)

    assert ("column_values_to_not_be_null", "email") not in check(warehouse, people(), since=NOW + HOUR)
    with warehouse.writing() as connection:
        connection.execute("UPDATE crm.people SET _deleted_at = _last_seen WHERE _integration = 'other'")
        connection.execute("UPDATE metrics.syncs SET finished_at = finished_at - INTERVAL 4 HOUR")
    whole = check(warehouse, people(), since=NOW + HOUR)
    assert {key: result.success for key, result in whole.items()} == {
        ("column_values_to_be_between", LIVE_ROWS): False,
        ("column_values_to_be_between", INTERVALS_LATE): False,
    }
    assert whole["column_values_to_be_between", INTERVALS_LATE].checked == 2

    assert list(Path.cwd().iterdir()) == []
    assert capfd.readouterr().err == ""
