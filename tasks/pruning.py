"""Forgets what is older than anybody asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta

from core.errors import UsageError
from storage.audit import prune as prune_audit
from storage.warehouse.forgetting import prune as prune_warehouse
from tasks.workspace import Workspace


def prune(workspace: Workspace, *, keep_days: int, now: datetime) -> Mapping[str, int]:
    """Removes from the warehouse and from the audit what is older than so many days, and says how many of each.

    Live rows stay, whatever their age. Raises UsageError for less than a day, Busy where the warehouse is not free.
    """
    if keep_days < 1:
        raise UsageError(f"history cannot be kept for {keep_days} days", advice="Keep at least one day.")
    before = now - timedelta(days=keep_days)
    gone = prune_warehouse(workspace.warehouse, workspace.landing, before=before, now=now)
    return {**asdict(gone), "audit": prune_audit(workspace.scope, before)}
