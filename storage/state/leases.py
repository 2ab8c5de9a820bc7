"""Leases: one worker at a time on one thing, over all processes, and free again when the worker died."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Update, update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlmodel import col, select

from core.errors import Busy, LeaseTaken
from storage.state.engine import State
from storage.state.holders import is_gone, this_process
from storage.state.models import Lease

FREE: Final = ""
RENEWALS_PER_TTL: Final = 3
_LOOK_AGAIN_SECONDS: Final = 0.2


class Held:
    """A lease in hand. `fence` is higher than that of everybody who held it before."""

    def __init__(self, lease: Lease, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self.name = lease.name
        self.fence = lease.fence
        self.expires_at = lease.expires_at
        self.lost = False

    def ensure(self) -> None:
        """Raises Busy where the lease was lost or ran out, so that nothing is written in another's time."""
        if self.lost or self._clock() >= self.expires_at:
            raise Busy(
                f"the lease on {self.name} was lost",
                at=self.expires_at,
                advice="This run was held up for too long, for example by a sleeping machine; run it again.",
            )


class Leases:
    """The leases of one owner."""

    def __init__(self, state: State, owner: str) -> None:
        self._scope = state.scope(owner)
        self._clock = state.clock

    def acquire(self, name: str, holder: str, ttl: float, now: datetime) -> Lease | None:
        """The lease for `ttl` seconds, or None where somebody else holds it.

        It is free when released, expired, or held by a process of this machine that no longer runs. The holder
        itself does not get it twice. Of several who try at once, one gets it.
        """
        seen = self._look(name)
        expires = now + timedelta(seconds=ttl)
        if seen is None:
            return self._first(name, holder, now, expires)
        if seen.holder != FREE and seen.expires_at > now and not is_gone(seen.holder):
            return None
        # Only if nobody took it since we looked: the fence would have grown.
        taken = _of(name, seen.fence).values(holder=holder, acquired_at=now, expires_at=expires, fence=seen.fence + 1)
        if not self._run(taken):
            return None
        return Lease(name=name, holder=holder, acquired_at=now, expires_at=expires, fence=seen.fence + 1)

    def renew(self, lease: Lease, ttl: float, now: datetime) -> bool:
        """Keeps it for `ttl` seconds from now. False where it is no longer ours; one that ran out unseen still is."""
        return self._run(_of(lease.name, lease.fence).values(expires_at=now + timedelta(seconds=ttl)), lease.holder)

    def release(self, lease: Lease) -> bool:
        """Frees it. False where it was no longer ours."""
        return self._run(_of(lease.name, lease.fence).values(holder=FREE), lease.holder)

    @contextmanager
    def held(
        self,
        name: str,
        ttl: float,
        *,
        holder: str | None = None,
        clock: Callable[[], datetime] | None = None,
        wait: float = 0.0,
    ) -> Iterator[Held]:
        """Holds the lease, renewing it from a thread while the block runs, and frees it at the end.

        Raises LeaseTaken, with the time at which it runs out, where somebody else holds it and still does after
        `wait` seconds.
        """
        tell = clock or self._clock
        lease = self._acquire_within(wait, name, holder or this_process(), ttl, tell)
        held = Held(lease, tell)
        done = threading.Event()
        thread = threading.Thread(
            target=self._keep, args=(lease, held, ttl, tell, done), name=f"lease {name}", daemon=True
        )
        thread.start()
        try:
            yield held
        finally:
            done.set()
            thread.join()
            self.release(lease)

    def _acquire_within(self, wait: float, name: str, holder: str, ttl: float, clock: Callable[[], datetime]) -> Lease:
        deadline = time.monotonic() + wait
        while (lease := self.acquire(name, holder, ttl, clock())) is None:
            if time.monotonic() >= deadline:
                other = self._look(name)
                raise LeaseTaken(
                    f"another run works on {name}",
                    at=other.expires_at if other else clock(),
                    advice="Wait until it has ended; a run that died is noticed by itself.",
                )
            time.sleep(_LOOK_AGAIN_SECONDS)
        return lease

    def _keep(self, lease: Lease, held: Held, ttl: float, clock: Callable[[], datetime], done: threading.Event) -> None:
        while not done.wait(ttl / RENEWALS_PER_TTL):
            try:
                now = clock()
                held.lost = not self.renew(lease, ttl, now)
            except SQLAlchemyError:
                continue  # the database is busy: the next round is in time as well
            if held.lost:
                return
            held.expires_at = now + timedelta(seconds=ttl)

    def _look(self, name: str) -> Lease | None:
        with self._scope.reading() as session:
            return session.exec(select(Lease).where(Lease.name == name)).first()

    def _first(self, name: str, holder: str, now: datetime, expires: datetime) -> Lease | None:
        lease = Lease(name=name, holder=holder, acquired_at=now, expires_at=expires, fence=1)
        try:
            with self._scope.writing() as session:
                session.add(lease)
        except IntegrityError:
            return None
        return lease

    def _run(self, statement: Update, holder: str | None = None) -> bool:
        if holder is not None:
            statement = statement.where(col(Lease.holder) == holder)
        with self._scope.writing() as session:
            return bool(session.exec(statement).rowcount)


def _of(name: str, fence: int) -> Update:
    return update(Lease).where(col(Lease.name) == name, col(Lease.fence) == fence)
