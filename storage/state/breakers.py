"""Circuit breakers in the state database: what one process learnt of a failing platform holds back the others."""

from __future__ import annotations

from sqlmodel import select

from core.pacing import CLOSED, Breaker
from storage.state.engine import State
from storage.state.models import BreakerRow


class SqlBreakers:
    """The breakers of one owner's integrations (`core.pacing.Breakers`). Written only when they change."""

    def __init__(self, state: State, owner: str) -> None:
        self._scope = state.scope(owner)
        self._known: dict[str, Breaker] = {}

    def load(self, integration: str) -> Breaker:
        """As it is now; closed where nothing is known."""
        with self._scope.reading() as session:
            row = session.exec(select(BreakerRow).where(BreakerRow.integration == integration)).first()
        breaker = CLOSED
        if row is not None:
            breaker = Breaker(failures=row.failures, openings=row.openings, open_until=row.open_until)
        self._known[integration] = breaker
        return breaker

    def save(self, integration: str, breaker: Breaker) -> None:
        if self._known.get(integration) == breaker:
            return
        with self._scope.writing() as session:
            row = session.exec(select(BreakerRow).where(BreakerRow.integration == integration)).first()
            if breaker == CLOSED:
                if row is not None:
                    session.delete(row)
            else:
                row = row or BreakerRow(integration=integration)
                row.failures, row.openings, row.open_until = breaker.failures, breaker.openings, breaker.open_until
                session.add(row)
        self._known[integration] = breaker
