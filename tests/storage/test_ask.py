"""Questions: they can always be asked, they only read, and they are told apart from a person's own SQL."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from connectors.catalog import connectors
from core.errors import UsageError
from storage.home import Home
from storage.warehouse import ask
from storage.warehouse.asking import Answer, questions, run_question
from storage.warehouse.connection import Warehouse
from storage.warehouse.drain import drain
from storage.warehouse.metrics import API_CALLS, METRICS, SYNCS
from storage.warehouse.names import utc
from tests.storage.places import T0, Place, later

QUESTIONS = questions()


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_can_be_asked_before_anything_has_landed(place: Place, name: str) -> None:
    answer = run_question(place.warehouse, name)
    assert answer.rows == ()
    assert QUESTIONS[name].needs[0] in answer.note


def test_every_question_can_be_answered_once_its_tables_are_there(place: Place) -> None:
    needed = {need for question in QUESTIONS.values() for need in question.needs}
    tables = [stream.table(one.name) for one in connectors() for stream in one.streams]
    for table in (*METRICS, *tables):
        if f"{table.schema}.{table.name}" in needed:
            place.landing.write(integration="i", run="r", table=table, records=[], fetched_at=T0)
    place.drain()
    for name, question in QUESTIONS.items():
        answer = run_question(place.warehouse, name)
        assert answer.note == "", name
        assert set(question.chart) <= set(answer.columns), name
        assert question.title.endswith("?"), name
        assert question.about, name


def test_questions_answer_from_what_landed(place: Place) -> None:
    calls = [
        {"at": later(i), "platform": "x", "method": "GET", "path": "/2/tweets", "status": status, "ms": ms, "rows": 1}
        | {"disposition": "ok" if status == 200 else "rate_limited", "integration": "me", "attempt": 1, "bytes": 10}
        for i, (status, ms) in enumerate([(200, 10.0), (429, 20.0), (429, 30.5)])
    ]
    place.landing.append(API_CALLS, calls, at=T0, run="r")
    place.landing.append(SYNCS, [{"started_at": T0, "finished_at": later(1), "outcome": "ok", "rows": 5}], at=T0)
    place.write({"id": "a"}, {"id": "b"})
    assert place.drain().quarantined == 0
    (pattern,) = run_question(place.warehouse, "error_patterns").rows
    assert pattern[:6] == ("x", "GET", "/2/tweets", 429, "rate_limited", 2)
    assert run_question(place.warehouse, "latency_trend").rows == ((utc(T0).date(), "x", 3, 20.0, 29.4),)
    assert run_question(place.warehouse, "rows_by_platform_and_day").rows == ((utc(T0).date(), "dropbox", 2, 1),)
    assert run_question(place.warehouse, "api_usage", {"days": "1"}).rows[0][3] == 3
    assert run_question(place.warehouse, "error_patterns", {"integration": "other"}).rows == ()


def test_sql_of_a_persons_own_is_answered_with_types_up_to_a_limit(place: Place) -> None:
    place.write({"id": "a"}, {"id": "b"})
    place.drain()
    sql = "SELECT id, _first_seen FROM dropbox.entries ORDER BY id"
    assert run_question(place.warehouse, sql, limit=1) == Answer(
        columns=("id", "_first_seen"), types=("VARCHAR", "TIMESTAMP"), rows=(("a", utc(T0)),), truncated=True
    )
    assert len(run_question(place.warehouse, sql, limit=2).rows) == 2
    assert run_question(place.warehouse, "SELECT $x + 1 AS y", {"x": 2}).rows == ((3,),)


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM dropbox.entries",
        "SELECT 1; SELECT 2",
        "DROP TABLE dropbox.entries",
        "CREATE TEMP TABLE t AS SELECT 1",
        "SET enable_external_access = true",
        "COPY dropbox.entries TO 'out.csv'",
        "ATTACH 'other.db'",
        "INSTALL httpfs",
        "SELECT * FROM read_csv('{file}')",
        "SELECT * FROM read_text('{file}')",
        "SELECT * FROM glob('/*')",
        "SELECT * FROM '{file}'",
        "EXPLAIN ANALYZE DELETE FROM dropbox.entries",
        "SELECT nothing FROM dropbox.entries",
        "no sense",
        "  ",
    ],
)
def test_what_does_not_merely_read_the_warehouse_is_refused_in_words(place: Place, sql: str) -> None:
    file = place.folder.parent / "secret.csv"
    file.write_text("secret\n")
    place.write({"id": "a"})
    place.drain()
    with pytest.raises(UsageError):
        run_question(place.warehouse, sql.format(file=file))
    assert place.rows("SELECT count(*) FROM dropbox.entries") == [(1,)]


def test_a_name_or_parameter_that_does_not_exist_is_answered_with_those_that_do(place: Place) -> None:
    with pytest.raises(UsageError, match="freshnes") as refused:
        run_question(place.warehouse, "freshnes")
    assert "freshness" in refused.value.advice
    with pytest.raises(UsageError, match="no parameter weeks") as refused:
        run_question(place.warehouse, "latency_trend", {"weeks": 3})
    assert "days" in refused.value.advice
    with pytest.raises(UsageError, match="days must be a whole number"):
        run_question(place.warehouse, "latency_trend", {"days": "soon"})


def test_a_question_that_takes_too_long_is_stopped(place: Place) -> None:
    place.write({"id": "a"})
    place.drain()
    with pytest.raises(UsageError, match="longer than"):
        run_question(
            place.warehouse, "SELECT sum(sin(i * j)) FROM range(1000000) a(i), range(1000000) b(j)", seconds=0.2
        )


def test_the_answer_comes_as_a_data_frame_in_two_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTEGRATIONS_HOME", str(tmp_path / "home"))
    home = Home.from_env(os.environ).create()
    assert ask("freshness").empty
    place = Place(folder=tmp_path)
    at_home = Warehouse(home.warehouse_file, lock=home.warehouse_lock)
    place.landing.append(API_CALLS, [{"at": T0, "ms": 5}], at=T0)
    drain(at_home, place.landing, now=T0)
    frame = ask("latency_trend", days=3)
    assert list(frame["calls"]) == [1]
    assert list(ask("SELECT 1 AS one")["one"]) == [1]


def test_home_is_one_folder_that_its_owner_alone_can_enter(tmp_path: Path) -> None:
    home = Home.from_env({"INTEGRATIONS_HOME": str(tmp_path / "h")}).create()
    places = (home.state_db, home.warehouse_file, home.landing, home.keyring_file, home.prefect_home, home.locks)
    assert all(place.is_relative_to(home.folder) for place in places)
    assert home.folder.stat().st_mode & 0o777 == 0o700
    assert Home.from_env({}).folder.name == ".integrations"
