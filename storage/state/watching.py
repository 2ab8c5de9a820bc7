"""What health checks and security scans said last of an owner's integrations."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import delete
from sqlmodel import col, select

from storage.state.models import FindingNow, HealthNow
from storage.state.sessions import Sessions

if TYPE_CHECKING:
    from core.health import HealthReading
    from core.security import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchRows(Sessions):
    """The latest health and findings. Their history is in the warehouse."""

    def health(self, name: str | None = None) -> list[HealthNow]:
        """The latest result of each check, of one integration or of all."""
        statement = select(HealthNow).order_by(HealthNow.integration, HealthNow.check_name)
        if name is not None:
            statement = statement.where(HealthNow.integration == name)
        with self.reading() as session:
            return list(session.exec(statement))

    def save_health(self, name: str, readings: Iterable[HealthReading], at: datetime) -> None:
        """The results of a health check take the place of the last ones."""
        with self.writing() as session:
            session.exec(delete(HealthNow).where(col(HealthNow.integration) == name))
            session.add_all(
                HealthNow(
                    integration=name,
                    check_name=reading.check_name,
                    status=reading.status,
                    value=reading.value,
                    unit=reading.unit,
                    message=reading.message,
                    at=at,
                )
                for reading in readings
            )

    def findings(self, open_only: bool = True, name: str | None = None) -> list[FindingNow]:
        """Findings of one integration or of all, and of the installation itself; the oldest first."""
        statement = select(FindingNow).order_by(col(FindingNow.first_seen), col(FindingNow.id))
        if open_only:
            statement = statement.where(col(FindingNow.resolved_at).is_(None))
        if name is not None:
            statement = statement.where(FindingNow.integration == name)
        with self.reading() as session:
            return list(session.exec(statement))

    def save_findings(self, integration: str | None, findings: Iterable[Finding], at: datetime) -> None:
        """What a scan of one integration (None: of the installation) found.

        A finding that was open keeps the time it was first seen; one that had ended begins anew; those that
        the scan no longer found end at `at`.
        """
        found = {finding.rule: finding for finding in findings}
        with self.writing() as session:
            known = session.exec(select(FindingNow).where(FindingNow.integration == integration)).all()
            for row in known:
                finding = found.pop(row.rule, None)
                if finding is None:
                    row.resolved_at = row.resolved_at or at
                    continue
                if row.resolved_at is not None:
                    row.first_seen, row.resolved_at = at, None
                row.severity, row.title, row.last_seen = finding.severity, finding.title, at
                row.detail, row.remedy = finding.detail, finding.remedy
            session.add_all(
                FindingNow(
                    integration=integration,
                    rule=finding.rule,
                    severity=finding.severity,
                    title=finding.title,
                    detail=finding.detail,
                    remedy=finding.remedy,
                    first_seen=at,
                    last_seen=at,
                )
                for finding in found.values()
            )
