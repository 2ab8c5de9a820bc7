"""Opens the state database: SQLite by default, PostgreSQL by URL."""

from __future__ import annotations

import base64
import os
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Engine, create_engine, event, select
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DatabaseError, IntegrityError

from core.errors import UsageError
from storage.state.migrations import HEAD, REVISIONS
from storage.state.models import Owner
from storage.state.scope import Scope
from storage.state.types import utc_now

if TYPE_CHECKING:
    from core.sealing import RandomBytes

BUSY_SECONDS: Final = 30.0
"""How long a writer waits for another process's transaction; they last milliseconds."""

_BEGIN: Final = "sqlite_begin"


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The state database. Rows are reached through the scope of an owner, and no other way."""

    engine: Engine
    clock: Callable[[], datetime] = utc_now
    random_bytes: RandomBytes = os.urandom

    def scope(self, owner: str, *, actor: str = "system") -> Scope:
        """What belongs to the owner with this id; `actor` stands in the audit lines."""
        return Scope(
            readers=self.engine,
            writers=self.engine.execution_options(**{_BEGIN: "IMMEDIATE"}),
            owner=owner,
            actor=actor,
            clock=self.clock,
            random_bytes=self.random_bytes,
        )

    def ensure_owner(self, name: str = "local") -> str:
        """The id of the owner of this name, who is created where there is none."""
        wanted = select(Owner.id).where(Owner.name == name)  # type: ignore[call-overload]
        with self.engine.connect() as connection:
            found: str | None = connection.scalar(wanted)
        if found is not None:
            return found
        # Cryptography is not needed to look at what is there, and commands should start fast.
        from core.sealing import SALT_BYTES

        owner = Owner(
            id=self.random_bytes(16).hex(),
            name=name,
            salt=base64.b64encode(self.random_bytes(SALT_BYTES)).decode(),
            created_at=self.clock(),
        )
        try:
            with self.scope(owner.id).writing() as session:
                session.add(owner)
        except IntegrityError:
            # Another process was faster.
            with self.engine.connect() as connection:
                return str(connection.scalar(wanted))
        return owner.id

    def owners(self) -> list[str]:
        """The ids of all owners: for work that is done for each of them, in the scope of each."""
        with self.engine.connect() as connection:
            return list(connection.scalars(select(Owner.id).order_by(Owner.id)))  # type: ignore[call-overload]

    def close(self) -> None:
        self.engine.dispose()


def open_state(
    target: str | Path, *, clock: Callable[[], datetime] = utc_now, random_bytes: RandomBytes = os.urandom
) -> State:
    """The state database at a path (SQLite) or a URL, its schema brought up to date.

    Raises UsageError where the schema is of a newer release.
    """
    url = (
        make_url(target) if isinstance(target, str) and "://" in target else URL.create("sqlite", database=str(target))
    )
    engine = _sqlite(url) if url.get_backend_name() == "sqlite" else create_engine(url)
    version = schema_version(engine)
    if version != HEAD:
        if version is not None and version not in REVISIONS:
            raise UsageError(
                f"the state database has the schema {version}, which this release does not know",
                advice="It was written by a newer release: upgrade this installation.",
            )
        # Alembic takes half a second to import, and is needed once.
        from storage.state.migrations.run import upgrade

        upgrade(engine)
    return State(engine=engine, clock=clock, random_bytes=random_bytes)


def schema_version(engine: Engine) -> str | None:
    """The revision that Alembic wrote down; None in an empty database."""
    try:
        with engine.connect() as connection:
            version: str | None = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
            return version
    except DatabaseError as error:
        if "alembic_version" not in str(error.orig):
            raise
        return None


def _sqlite(url: URL) -> Engine:
    path = Path(url.database or "")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # SQLite gives its journals the rights of the database: private from the first byte on. Never opened again by
    # ourselves: closing any descriptor drops the locks that this process holds by another
    # (https://www.sqlite.org/howtocorrupt.html, 2.2).
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS})
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: sqlite3.Connection, _: Any) -> None:
    # Transactions begin where we say, so that writers queue up instead of failing when they turn from reading.
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(f"BEGIN {connection.get_execution_options().get(_BEGIN, 'DEFERRED')}")
