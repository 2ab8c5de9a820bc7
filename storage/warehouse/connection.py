"""Short connections to the warehouse file, behind a lock that readers share and a writer holds alone.

DuckDB lets one process write, and none read meanwhile. So nobody keeps the file open: whoever needs it takes
the lock, opens, works, closes. A person in the DuckDB shell does not know our lock; DuckDB's own then says who.
"""

from __future__ import annotations

import fcntl
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import duckdb

from core.errors import Busy
from storage.warehouse.names import literal

_PAUSE = 0.02
_COME_BACK = timedelta(seconds=30)
_T = TypeVar("_T")
# The version is that of a new file; older files keep theirs. Row groups are a quarter of DuckDB's own size: a load of
# two of them then goes straight into the file, instead of twice (into the write-ahead log, then at the checkpoint).
_WRITABLE = "STORAGE_VERSION 'v1.4.0', ROW_GROUP_SIZE 30720"
_HOLDER = re.compile(r"lock is held in (?P<program>.*?) ?\(PID (?P<pid>\d+)\)")


def _utc_now() -> datetime:
    return datetime.now(UTC)


@contextmanager
def one_thread(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """What is executed within uses one thread. It stays so after an error that left a failed transaction open, which
    takes no settings."""
    row = connection.execute("SELECT current_setting('threads')").fetchone()
    connection.execute("SET threads = 1")
    try:
        yield
    finally:
        with suppress(duckdb.Error):
            connection.execute(f"SET threads = {row[0] if row is not None else 1}")


def _try_lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(message: str) -> str:
    found = _HOLDER.search(message)
    if found is None:
        return "another program has it open"
    return f"{found['program'].strip() or 'a program'} has it open (process {found['pid']}); close it to let data land"


@dataclass(frozen=True, slots=True, kw_only=True)
class Warehouse:
    """Where the file is and how it is opened. Holds nothing open.

    `lock` is the lock's file (default: beside the warehouse); all processes must name the same.
    `memory` bounds what DuckDB keeps in memory before it spills to disk; `threads` None means one a core.
    """

    path: Path = field(kw_only=False)
    lock: Path | None = None
    memory: str = "512MB"
    threads: int | None = None
    clock: Callable[[], datetime] = _utc_now
    sleep: Callable[[float], None] = time.sleep

    def connect(self) -> duckdb.DuckDBPyConnection:
        """A connection to a database in memory, for work that may end in the warehouse. Close it after use."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        connection = duckdb.connect()
        self._configure(connection)
        return connection

    @contextmanager
    def writing(
        self, *, wait: float = 30.0, give_up: Callable[[], bool] = lambda: False
    ) -> Iterator[duckdb.DuckDBPyConnection]:
        """The only open connection, able to write. The file is made if it is missing.

        Raises Busy where the lock is not free within `wait` seconds, or as soon as `give_up` says so.
        """
        with self.connect() as connection, self.held(connection, wait=wait, give_up=give_up):
            yield connection

    @contextmanager
    def held(
        self, connection: duckdb.DuckDBPyConnection, *, wait: float, give_up: Callable[[], bool] = lambda: False
    ) -> Iterator[None]:
        """The warehouse attached to a connection of `connect`, able to write. Raises as `writing`."""
        with self._lock(fcntl.LOCK_EX, wait, give_up):
            new = not self.path.exists()
            self._attach(connection, _WRITABLE, wait)
            try:
                if new:
                    self.path.chmod(0o600)
                yield
            finally:
                with suppress(duckdb.TransactionException):
                    connection.rollback()  # what an error left open
                connection.execute("USE memory; DETACH warehouse")

    @contextmanager
    def shown(self, connection: duckdb.DuckDBPyConnection, *, wait: float) -> Iterator[None]:
        """The warehouse attached to a connection of `connect`, able to read. An empty one where nothing has landed yet.

        Raises Busy after `wait` seconds.
        """
        if not self.path.exists():
            yield
            return
        with self._lock(fcntl.LOCK_SH, wait, lambda: False):
            self._attach(connection, "READ_ONLY", wait)
            try:
                yield
            finally:
                connection.execute("USE memory; DETACH warehouse")

    @contextmanager
    def reading(self, *, wait: float = 30.0) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection that can only read the warehouse, and no other file; its configuration is locked.

        Where nothing has landed yet it sees an empty warehouse. Raises Busy after `wait` seconds.
        """
        if not self.path.exists():
            with duckdb.connect() as connection:
                self._close_doors(connection)
                yield connection
            return
        with self._lock(fcntl.LOCK_SH, wait, lambda: False), duckdb.connect() as connection:
            self._attach(connection, "READ_ONLY", wait)
            self._close_doors(connection)
            yield connection

    def _attach(self, connection: duckdb.DuckDBPyConnection, options: str, wait: float) -> None:
        """The file beside a database in memory: instances of one process then never share settings."""
        attach = f"ATTACH {literal(str(self.path))} AS warehouse ({options})"
        self._patiently(lambda: connection.execute(attach), wait)
        connection.execute("USE warehouse")

    def _close_doors(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._configure(connection)
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")

    def _configure(self, connection: duckdb.DuckDBPyConnection) -> None:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET checkpoint_threshold = '1KB'")  # commit into the file, not into the log
        connection.execute(f"SET memory_limit = {literal(self.memory)}")
        connection.execute(f"SET temp_directory = {literal(f'{self.path}.tmp')}")
        if self.threads is not None:
            connection.execute(f"SET threads = {self.threads}")

    def _patiently(self, act: Callable[[], _T], wait: float) -> _T:
        """Acts again until `wait` seconds are over while DuckDB says that somebody else has the file open."""
        deadline = time.monotonic() + wait
        while True:
            try:
                return act()
            except duckdb.IOException as error:
                if "lock on file" not in str(error):
                    raise
                if time.monotonic() >= deadline:
                    raise self._busy(_holder(str(error))) from error
            self.sleep(_PAUSE)

    @contextmanager
    def _lock(self, kind: int, wait: float, give_up: Callable[[], bool]) -> Iterator[None]:
        lock = self.lock or self.path.with_name(f"{self.path.name}.lock")
        lock.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            deadline = time.monotonic() + wait
            while not _try_lock(descriptor, kind):
                if time.monotonic() >= deadline or give_up():
                    raise self._busy("another process works on it")
                self.sleep(_PAUSE)
            yield
        finally:
            os.close(descriptor)  # closing frees the lock

    def _busy(self, why: str) -> Busy:
        return Busy(
            f"the warehouse {self.path.name} is in use: {why}",
            at=self.clock() + _COME_BACK,
            advice="What was fetched is safe in the landing zone and lands as soon as the file is free.",
        )
