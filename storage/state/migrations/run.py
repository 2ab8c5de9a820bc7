"""Brings the schema up to date, one process at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine

from core.errors import IntegrationError

# Any number does, as long as all releases use the same.
_POSTGRES_LOCK: Final = 7_102_311


def upgrade(engine: Engine) -> None:
    """Runs the revisions that the database has not seen, in one transaction: all of them or none."""
    # On SQLite the transaction begins as a writer's, so that a second process waits here and finds nothing left to do.
    with engine.execution_options(sqlite_begin="IMMEDIATE").connect() as connection:
        if engine.dialect.name == "sqlite":
            # Rebuilding a table drops it, and that would delete what refers to it. Only possible outside a transaction.
            _pragma(connection, "foreign_keys = OFF")
        with connection.begin():
            if engine.dialect.name == "postgresql":
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_POSTGRES_LOCK})")
            command.upgrade(configuration(connection), "head")
            if engine.dialect.name == "sqlite" and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
                raise IntegrationError(
                    "the schema upgrade would leave rows that refer to nothing; nothing was changed",
                    advice="Restore a backup of the state database, or report this with your release number.",
                )
        if engine.dialect.name == "sqlite":
            _pragma(connection, "foreign_keys = ON")


def configuration(connection: Connection | None = None) -> Config:
    """Alembic's configuration: where the scripts are, and the connection they run on."""
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _pragma(connection: Connection, setting: str) -> None:
    driver: Any = connection.connection.driver_connection
    driver.execute(f"PRAGMA {setting}")
