"""The integrations of an owner: which there are, when they are due, how their last sync went."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import delete, nulls_first, or_
from sqlmodel import col, select

from core.errors import UsageError
from storage.state.guard import OwnedSession
from storage.state.models import BreakerRow, FindingNow, HealthNow, Integration, Status
from storage.state.sessions import Sessions

NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")  # the name of every platform is one
LONGEST_ERROR: Final = 2000

# What identifies a row, or is kept by this file itself.
_FIXED: Final = frozenset({"id", "owner", "name", "platform", "created_at", "updated_at"})
_CHANGEABLE: Final = frozenset(Integration.model_fields) - _FIXED


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationRows(Sessions):
    """Create, read, update, delete of integrations. A removed one is seen only by asking for that status."""

    def integrations(self, platform: str | None = None, status: Status | None = None) -> list[Integration]:
        """Those of a platform and a status, by name. Removed ones only with `status="removed"`."""
        statement = select(Integration).order_by(Integration.name)
        statement = statement.where(Integration.status == status if status else col(Integration.status) != "removed")
        if platform is not None:
            statement = statement.where(Integration.platform == platform)
        with self.reading() as session:
            return list(session.exec(statement))

    def integration(self, name: str) -> Integration:
        """The one of this name. Raises UsageError, with the nearest names, where there is none."""
        with self.reading() as session:
            return _find(session, name)

    def add_integration(
        self,
        *,
        name: str,
        platform: str,
        auth_method: str,
        block_name: str = "",
        settings: Mapping[str, Any] | None = None,
        account_label: str = "",
        schedule_minutes: int = 60,
        scopes: Sequence[str] = (),
        credential_sealed_at: datetime | None = None,
        credential_expires_at: datetime | None = None,
        key_version: int | None = None,
    ) -> Integration:
        """A new integration, due at once. The name of a removed one can be given anew.

        Raises UsageError where the name is taken or is no name (small letters, digits, hyphens, underscores).
        """
        if not NAME.fullmatch(name):
            raise UsageError(
                f"{name!r} is no name for an integration",
                advice="Use small letters, digits, hyphens and underscores, at most 63, letter or digit first.",
            )
        now = self.clock()
        row = Integration(
            id=self.random_bytes(16).hex(),
            name=name,
            platform=platform,
            auth_method=auth_method,
            block_name=block_name,
            settings=dict(settings or {}),
            account_label=account_label,
            schedule_minutes=_checked_schedule(schedule_minutes),
            next_due_at=now,
            created_at=now,
            updated_at=now,
            credential_sealed_at=credential_sealed_at,
            credential_expires_at=credential_expires_at,
            key_version=key_version,
            scopes=list(scopes),
        )
        with self.writing() as session:
            known = session.exec(select(Integration).where(Integration.name == name)).first()
            if known is not None:
                if known.status != "removed":
                    raise UsageError(
                        f"there is already an integration {name}",
                        advice=f"Choose another name, or remove it first: integrations remove {name}",
                    )
                session.delete(known)
                session.flush()
            # A probe before this moment may have left a breaker under the name.
            session.exec(delete(BreakerRow).where(col(BreakerRow.integration) == name))
            session.add(row)
        return row

    def update_integration(self, name: str, /, **changes: Any) -> Integration:
        """Sets columns. `status="active"` also clears the reason and the pause, unless they are given.

        Raises UsageError for a column that does not exist or identifies the row.
        """
        unknown = sorted(set(changes) - _CHANGEABLE)
        if unknown:
            raise UsageError(f"{', '.join(unknown)} cannot be changed", advice=f"Possible: {sorted(_CHANGEABLE)}")
        if changes.get("status") == "active":
            changes = {"status_reason": "", "paused_until": None} | changes
        with self.writing() as session:
            row = _find(session, name)
            if "schedule_minutes" in changes and "next_due_at" not in changes:
                minutes = _checked_schedule(changes["schedule_minutes"])
                changes["next_due_at"] = (row.last_sync_at + timedelta(minutes=minutes)) if row.last_sync_at else None
            return self._change(session, row, changes)

    def remove_integration(self, name: str) -> Integration:
        """Marks it removed, and forgets its credential's place, health, findings and breaker.

        What was synced stays, as does the audit. The credential's block is the caller's to delete.
        """
        with self.writing() as session:
            row = _find(session, name)
            for table in (HealthNow, FindingNow, BreakerRow):
                session.exec(delete(table).where(col(table.integration) == name))
            forgotten: dict[str, Any] = {
                "block_name": "",
                "key_version": None,
                "scopes": [],
                "credential_expires_at": None,
            }
            return self._change(session, row, {"status": "removed", "status_reason": "", **forgotten})

    def due(self, now: datetime, platform: str | None = None) -> list[Integration]:
        """Active integrations whose time has come, the longest waiting first. A schedule of 0 minutes never comes."""
        statement = (
            select(Integration)
            .where(Integration.status == "active", Integration.schedule_minutes > 0)
            .where(or_(col(Integration.next_due_at).is_(None), col(Integration.next_due_at) <= now))
            .where(or_(col(Integration.paused_until).is_(None), col(Integration.paused_until) <= now))
            .order_by(nulls_first(col(Integration.next_due_at)), Integration.name)
        )
        if platform is not None:
            statement = statement.where(Integration.platform == platform)
        with self.reading() as session:
            return list(session.exec(statement))

    def record_sync(self, name: str, at: datetime, error: str | None = None) -> Integration:
        """How a sync ended. A success clears the last error, a pause, and the need for attention."""
        with self.writing() as session:
            row = _find(session, name)
            changes: dict[str, Any] = {"last_sync_at": at, "next_due_at": _next_due(row, at)}
            if error is None:
                changes |= {"last_success_at": at, "last_error": "", "paused_until": None, "status_reason": ""}
                if row.status == "attention":
                    changes["status"] = "active"
                elif row.status == "paused":
                    del changes["status_reason"]
            else:
                changes["last_error"] = error[:LONGEST_ERROR]
            return self._change(session, row, changes)

    def pause_until(self, name: str, at: datetime, reason: str) -> Integration:
        """Not due before `at`: the platform asked to come back then. The status stays what it is."""
        return self.update_integration(name, paused_until=at, status_reason=reason)

    def _change(self, session: OwnedSession, row: Integration, changes: Mapping[str, Any]) -> Integration:
        for column, value in changes.items():
            setattr(row, column, value)
        row.updated_at = self.clock()
        session.add(row)
        return row


def _find(session: OwnedSession, name: str) -> Integration:
    live = select(Integration).where(col(Integration.status) != "removed")
    row = session.exec(live.where(Integration.name == name)).first()
    if row is not None:
        return row
    from difflib import get_close_matches

    names = sorted(other.name for other in session.exec(live))
    near = get_close_matches(name, names, n=3)
    if near:
        advice = f"Did you mean {' or '.join(near)}?"
    else:
        advice = (
            f"There are: {', '.join(names)}." if names else "None is connected yet: integrations connect <platform>"
        )
    raise UsageError(f"there is no integration {name}", advice=advice)


def _next_due(row: Integration, at: datetime) -> datetime | None:
    """The first moment after `at` on the grid of the schedule.

    Counted from when it was due and not from `at`, or each sync's length would shift the schedule, and a run
    that comes as regularly as the schedule would find nothing due every second time.
    """
    if not row.schedule_minutes:
        return None
    step = timedelta(minutes=row.schedule_minutes)
    anchor = row.next_due_at or at
    return anchor + step * (max(0, (at - anchor) // step) + 1) if anchor <= at else anchor


def _checked_schedule(minutes: int) -> int:
    if minutes < 0:
        raise UsageError("a schedule is a number of minutes, 0 for syncs on demand only")
    return minutes
