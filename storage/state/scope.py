"""The scope of an owner: the only way to the rows."""

from __future__ import annotations

from dataclasses import dataclass

from storage.state.integrations import IntegrationRows
from storage.state.watching import WatchRows


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope(IntegrationRows, WatchRows):
    """What belongs to one owner. Rows come back detached: plain values, complete, changed only through a scope."""
