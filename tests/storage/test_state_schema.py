"""The schema: migrations and models agree, and upgrading is safe from everywhere and by several at once."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from core.errors import UsageError
from storage.state.engine import open_state, schema_version
from storage.state.migrations import HEAD, REVISIONS
from storage.state.migrations.run import configuration, upgrade
from storage.state.models import METADATA


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


def rows_of(path: Path, statement: str) -> list[Any]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(statement).fetchall()
    finally:
        connection.close()


def test_models_and_migrations_agree(path: Path) -> None:
    state = open_state(path)
    with state.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []


def test_foreign_keys_and_constraints_of_the_migrations_are_those_of_the_models(path: Path, tmp_path: Path) -> None:
    open_state(path)
    METADATA.create_all(create_engine(f"sqlite:///{tmp_path / 'models.db'}"))
    for pragma in ("foreign_key_list", "index_list", "table_info"):
        for table in METADATA.tables:
            made = rows_of(path, f"PRAGMA {pragma}({table})")
            declared = rows_of(tmp_path / "models.db", f"PRAGMA {pragma}({table})")
            # The first column only numbers the rows.
            assert {row[1:] for row in made} == {row[1:] for row in declared}, table


def test_the_known_revisions_are_those_of_the_scripts() -> None:
    scripts = ScriptDirectory.from_config(configuration())
    assert tuple(revision.revision for revision in reversed(list(scripts.walk_revisions()))) == REVISIONS
    assert scripts.get_current_head() == HEAD


def test_an_empty_database_is_brought_up_to_date_and_stays_so(path: Path) -> None:
    state = open_state(path)
    owner = state.ensure_owner()
    assert schema_version(state.engine) == HEAD
    upgrade(state.engine)
    assert open_state(path).owners() == [owner]


def test_a_schema_that_is_up_to_date_costs_no_import_of_alembic(path: Path) -> None:
    open_state(path).ensure_owner()
    script = (
        "import sys; from storage.state.engine import open_state; state = open_state(sys.argv[1]); "
        "state.scope(state.ensure_owner()).integrations(); print(*sys.modules)"
    )
    loaded = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True)
    heavy = {"alembic", "cryptography", "prefect", "pandas", "duckdb", "httpx", "great_expectations"}
    assert heavy.isdisjoint(loaded.stdout.split())


def test_a_database_of_a_newer_release_is_refused(path: Path) -> None:
    open_state(path)
    connection = sqlite3.connect(path)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    with pytest.raises(UsageError, match="9999") as caught:
        open_state(path)
    assert "upgrade" in caught.value.advice


def test_an_upgrade_that_fails_leaves_nothing_behind(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from alembic import op

    create_index = op.create_index

    def fail_late(name: str, table: str, columns: list[str]) -> None:
        if table == "rotation":
            raise RuntimeError("out of luck")
        create_index(name, table, columns)

    monkeypatch.setattr(op, "create_index", fail_late)
    with pytest.raises(RuntimeError, match="out of luck"):
        open_state(path)
    assert rows_of(path, "SELECT name FROM sqlite_master") == []
    monkeypatch.undo()
    assert schema_version(open_state(path).engine) == HEAD


@pytest.mark.slow
def test_processes_that_upgrade_at_once_do_not_disturb_each_other(path: Path) -> None:
    # Slowed down, so that the second comes while the first is in the middle.
    script = (
        "import sys, time; from alembic import op; from storage.state.engine import open_state; "
        "create = op.create_table; op.create_table = lambda *a, **k: (time.sleep(0.05), create(*a, **k)); "
        "sys.stdin.readline(); state = open_state(sys.argv[1]); print(state.ensure_owner())"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    owners = [process.communicate()[0].strip() for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert owners == [*open_state(path).owners()] * 2


def test_the_database_and_its_journals_are_for_their_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "home" / "state.db"
    state = open_state(path)
    state.ensure_owner()
    modes = {entry.name: stat.S_IMODE(entry.stat().st_mode) & 0o077 for entry in path.parent.iterdir()}
    assert "state.db-wal" in modes
    assert set(modes.values()) == {0}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_sqlite_is_set_up_for_several_processes(path: Path) -> None:
    with open_state(path).engine.connect() as connection:
        told = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "foreign_keys", "synchronous", "busy_timeout")
        ]
    assert told == ["wal", 1, 1, 30_000]


def test_foreign_keys_are_on_again_after_an_upgrade(path: Path) -> None:
    state = open_state(path)
    upgrade(state.engine)
    for _ in range(3):
        with state.engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_every_table_and_index_can_be_written_for_postgresql() -> None:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    for table in METADATA.sorted_tables:
        assert "CREATE TABLE" in str(CreateTable(table).compile(dialect=dialect))
        for index in table.indexes:
            assert "CREATE INDEX" in str(CreateIndex(index).compile(dialect=dialect))


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM integration WHERE owner = 'o' AND name = 'n'",
        "SELECT * FROM integration WHERE owner = 'o' AND platform = 'x' AND next_due_at <= 'now'",
        "SELECT * FROM audit_entry WHERE owner = 'o' AND at < 'then'",
        "SELECT * FROM audit_entry WHERE owner = 'o' AND integration = 'crm' ORDER BY at DESC LIMIT 9",
        "SELECT * FROM finding_now WHERE owner = 'o' AND integration = 'crm'",
        "SELECT * FROM health_now WHERE owner = 'o' AND integration = 'crm'",
        "SELECT * FROM lease WHERE owner = 'o' AND name = 'n'",
        "SELECT * FROM rate_budget WHERE owner = 'o' AND account = 'a' AND bucket = 'b'",
        "SELECT * FROM rotation WHERE owner = 'o' AND to_version = 2 AND finished_at IS NULL",
    ],
)
def test_a_query_that_is_asked_often_finds_its_rows_by_an_index(path: Path, query: str) -> None:
    open_state(path)
    [plan] = rows_of(path, f"EXPLAIN QUERY PLAN {query}")
    assert "USING INDEX" in plan[-1]
    assert plan[-1].count("=?") + plan[-1].count("<?") >= 2
