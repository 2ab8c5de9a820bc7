"""ask and quarantine, over a warehouse with real rows."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest

from core.model import Column, Table
from storage.home import Home
from storage.warehouse.asking import questions
from storage.warehouse.connection import Warehouse
from storage.warehouse.drain import drain
from storage.warehouse.landing import LandingZone
from tests.console.conftest import Run
from tests.storage.test_state_repository import NOW

SQL = "SELECT unnest(range(3)) AS n, 'a' AS label"


def test_without_a_question_all_are_listed(run: Run) -> None:
    shown = run("ask").stdout
    told = json.loads(run("ask", "--json").stdout)
    assert {one["name"] for one in told} == set(questions())
    assert all(one["name"] in shown and one["title"] in shown for one in told)


def test_sql_of_ones_own_is_answered_in_every_format(run: Run) -> None:
    assert [line.split() for line in run("ask", SQL).stdout.splitlines()] == [
        ["n", "label"],
        ["0", "a"],
        ["1", "a"],
        ["2", "a"],
    ]
    assert list(csv.reader(io.StringIO(run("ask", SQL, "-f", "csv").stdout)))[1:] == [
        ["0", "a"],
        ["1", "a"],
        ["2", "a"],
    ]
    assert json.loads(run("ask", SQL, "--json").stdout) == [{"n": n, "label": "a"} for n in range(3)]
    assert "▇" in run("ask", SQL, "--format", "chart").stdout


def test_a_question_is_answered_with_its_parameters(run: Run, landed: None) -> None:
    result = run("ask", "sync_history", "--param", "days=36500", "--json")
    assert result.exit_code == 0, result.stderr
    told = json.loads(result.stdout)
    assert [(row["platform"], row["rows"]) for row in told] == [("hubspot", 7)]
    assert "hubspot" in run("ask", "sync_history", "--param", "days=36500").stdout


def test_a_question_without_data_says_what_to_do(run: Run) -> None:
    result = run("ask", "sync_history")
    assert result.exit_code == 0
    assert "integrations sync" in result.stderr
    assert json.loads(run("ask", "sync_history", "--json").stdout) == []


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (["sync_histry"], "sync_history"),
        (["sync_history", "--param", "days=many"], "days"),
        (["sync_history", "--param", "weeks=1"], "weeks"),
        (["sync_history", "--param", "days"], "name=value"),
        (["--param", "days=3"], "no question"),
        (["CREATE TABLE t (n INT)"], "reads"),
        (["SELECT * FROM read_csv('/etc/passwd')"], "cannot be answered"),
        (["SELECT nonsense FROM nowhere"], "cannot be answered"),
    ],
)
def test_what_cannot_be_asked_says_why(run: Run, asked: list[str], told: str) -> None:
    result = run("ask", *asked)
    assert result.exit_code == 2
    assert told in result.stderr


def test_more_rows_than_the_limit_are_said_to_be_there(run: Run) -> None:
    result = run("ask", SQL, "--limit", "2", "--json")
    assert len(json.loads(result.stdout)) == 2
    assert "more than 2 rows" in result.stderr


def test_no_rows_are_an_answer(run: Run) -> None:
    result = run("ask", "SELECT 1 AS n WHERE false")
    assert result.exit_code == 0
    assert result.stdout.split() == ["n"]
    assert "No rows." in result.stderr


PEOPLE = Table(
    schema="hubspot",
    name="contacts",
    columns=(Column(name="id", required=True, pattern=r"\d+"),),
    key=("id",),
)


@pytest.fixture
def landed(home: Home, run: Run) -> Iterator[None]:
    """One contact that is well, and one that is not; a sync in the history."""
    from storage.warehouse.metrics import SYNCS
    from tasks.workspace import Workspace

    place = Workspace.open(home)
    row: dict[str, Any] = {
        "started_at": NOW,
        "finished_at": NOW,
        "integration": "hubspot",
        "platform": "hubspot",
        "stream": "contacts",
        "outcome": "ok",
        "rows": 7,
        "seconds": 1.0,
    }
    place.landing.append(SYNCS, [row], owner=place.owner, run="r", at=NOW)
    land(place.landing, place.owner, b'{"id": "1"}', b'{"id": "bad\\u001b[2J"}')
    drain(place.warehouse, place.landing, now=NOW)
    yield
    place.close()


def land(landing: LandingZone, owner: str, *records: bytes) -> None:
    landing.write(
        table=PEOPLE,
        owner=owner,
        integration="hubspot",
        run="r",
        fetched_at=NOW,
        records=list(records),
    )


def test_quarantine_lists_records_with_their_reason(run: Run, landed: None) -> None:
    shown = run("quarantine", "list")
    assert "contacts" in shown.stdout
    assert "\x1b[2J" not in shown.stdout
    assert "quarantine replay" in shown.stderr
    (told,) = json.loads(run("quarantine", "list", "--json").stdout)
    assert (told["integration"], told["stream"]) == ("hubspot", "contacts")
    assert told["reason"]


def test_quarantine_that_is_empty_says_so(run: Run, home: Home) -> None:
    from tasks.workspace import Workspace

    Workspace.open(home).close()
    assert "Nothing is in quarantine" in run("quarantine", "list").stderr
    assert json.loads(run("quarantine", "list", "--json").stdout) == []


def test_replay_tells_what_became_of_the_records(run: Run, landed: None, home: Home) -> None:
    told = json.loads(run("quarantine", "replay", "--json").stdout)
    assert told == {"landed": 0, "overtaken": 0, "still_bad": 1}
    assert "1 still do not pass" in run("quarantine", "replay").stderr
    warehouse = Warehouse(home.warehouse_file, lock=home.warehouse_lock)
    with warehouse.reading() as connection:
        assert connection.execute("SELECT id FROM hubspot.contacts").fetchall() == [("1",)]


def test_replay_of_an_integration_that_does_not_exist_is_refused(run: Run, landed: None) -> None:
    assert run("quarantine", "replay", "nobody").exit_code == 2
