"""How a scope opens its sessions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Engine

from core.errors import UsageError
from storage.state.guard import OwnedSession
from storage.state.models import Owner

if TYPE_CHECKING:
    from core.sealing import RandomBytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Sessions:
    """The sessions of one owner: `readers` and `writers` are one engine, beginning transactions in two ways."""

    readers: Engine
    writers: Engine
    owner: str
    actor: str
    clock: Callable[[], datetime]
    random_bytes: RandomBytes

    @contextmanager
    def reading(self) -> Iterator[OwnedSession]:
        """A session in one read transaction, which refuses writes."""
        with OwnedSession(self.readers, self.owner, writes=False) as session:
            yield session

    @contextmanager
    def writing(self, *, pruning: bool = False) -> Iterator[OwnedSession]:
        """A session in one write transaction: committed at the end, rolled back by an exception.

        `pruning` lets old audit lines be deleted; it is for `storage.audit.prune`.
        """
        with OwnedSession(self.writers, self.owner, writes=True, pruning=pruning) as session, session.begin():
            yield session

    def salt(self) -> str:
        """The owner's salt for deriving keys, in base64. Raises UsageError where there is no such owner."""
        with self.reading() as session:
            row = session.get(Owner, self.owner)
        if row is None:
            raise UsageError(f"there is no owner {self.owner}", advice="Connect an integration first.")
        return str(row.salt)
