"""The audit: who did what to a credential or an integration, when. Written once, pruned by age, never changed.

Lines tell that a credential was opened, sealed, refreshed, rotated, removed; never what it holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete
from sqlmodel import col, select

from core.secrets import Secret
from storage.state.models import AuditEntry
from storage.state.scope import Scope


def audit(scope: Scope, action: str, integration: str | None = None, **detail: Any) -> None:
    """Adds a line. `detail` is plain JSON; raises TypeError for anything else, secrets above all."""
    _refuse_all_but_json(detail)
    with scope.writing() as session:
        session.add(
            AuditEntry(at=scope.clock(), actor=scope.actor, action=action, integration=integration, detail=detail)
        )


def audit_trail(
    scope: Scope, *, integration: str | None = None, since: datetime | None = None, limit: int = 100
) -> list[AuditEntry]:
    """The last lines, newest first."""
    statement = select(AuditEntry).order_by(col(AuditEntry.at).desc(), col(AuditEntry.id).desc()).limit(limit)
    if integration is not None:
        statement = statement.where(AuditEntry.integration == integration)
    if since is not None:
        statement = statement.where(AuditEntry.at >= since)
    with scope.reading() as session:
        return list(session.exec(statement))


def prune(scope: Scope, before: datetime) -> int:
    """Removes lines older than `before` and says how many; a line of its own tells of it."""
    with scope.writing(pruning=True) as session:
        result = session.exec(delete(AuditEntry).where(col(AuditEntry.at) < before))
        removed = result.rowcount
    if removed:
        audit(scope, "audit pruned", removed=removed, before=before.isoformat())
    return removed


def _refuse_all_but_json(value: Any) -> None:
    if isinstance(value, Secret):
        raise TypeError(f"{value!r} must not be written to the audit")
    if isinstance(value, Mapping):
        for name, member in value.items():
            if not isinstance(name, str):
                raise TypeError(f"a name in an audit line is text, not {type(name).__name__}")
            _refuse_all_but_json(member)
    elif isinstance(value, list | tuple):
        for member in value:
            _refuse_all_but_json(member)
    elif not isinstance(value, bool | int | float | str | None):
        raise TypeError(f"an audit line holds plain JSON, not {type(value).__name__}")
