"""Stands in for Prefect: what the flows do, without their server. The steps are the real ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from console import prefect_server, runs, sync, watch
from console.runs import Ended
from core.errors import IntegrationError
from storage.home import Home
from tasks import engine, health, security
from tasks.summaries import sync_summary
from tasks.workspace import Workspace


@dataclass(kw_only=True)
class Flows:
    """Runs what it is told to; `served` says whether as another process would, which tells nothing back."""

    served: bool = False
    wishes: list[Mapping[str, Any]] = field(default_factory=list)
    ended: dict[str, Ended] = field(default_factory=dict)
    messages: Mapping[str, str] = field(default_factory=dict)

    def run_here(self, flow: Any, wishes: Sequence[Mapping[str, Any]], say: Any) -> list[Ended]:
        names = {sync._flow: sync.FLOW, watch._check_flow: "check-health", watch._scan_flow: "scan-security"}
        return [self.run(names[flow], wish) for wish in wishes]

    def hand_over(self, flow: str, parameters: Mapping[str, Any]) -> SimpleNamespace:
        ended = self.run(flow, parameters)
        self.ended[ended.run] = replace(ended, told=None)
        return SimpleNamespace(id=ended.run)

    def follow(self, handed: Sequence[SimpleNamespace], say: Any) -> list[Ended]:
        return [self.ended[run.id] for run in handed]

    def run(self, flow: str, parameters: Mapping[str, Any]) -> Ended:
        self.wishes.append({"flow": flow, **parameters})
        run = str(uuid4())
        if flow in self.messages:
            return Ended(run=run, state="FAILED", message=self.messages[flow], told=None)
        place = Workspace.open()
        try:
            return self._steps(place, flow, parameters, run)
        finally:
            place.close()

    def _steps(self, place: Workspace, flow: str, parameters: Mapping[str, Any], run: str) -> Ended:
        name = parameters["integration"]
        if flow == sync.FLOW:
            try:
                report = engine.sync(
                    place, name, run=run, full=parameters["full"], only=tuple(parameters["streams"] or ())
                )
            except IntegrationError as error:
                told = {"error": str(error), "advice": error.advice, "exit_code": error.exit_code}
                return Ended(run=run, state="FAILED", message=str(error), told={"integrations": [told]})
            summary = sync_summary(report)
            good = report.error is None or report.outcome in ("paused", "quota")
            state = "COMPLETED" if good else "FAILED"
            return Ended(run=run, state=state, message=summary["error"], told={"integrations": [summary]})
        for one in [name] if name else [row.name for row in place.scope.integrations()]:
            if flow == "check-health":
                health.check(place, one, run=run)
            else:
                security.scan(place, one, run=run)
        if flow == "scan-security" and name is None:
            security.scan_installation(place, run=run)
        return Ended(run=run, state="COMPLETED", message="", told={})


def stand_in(monkeypatch: pytest.MonkeyPatch) -> Flows:
    """Puts the stand-in where the console looks for Prefect."""
    flows = Flows()

    @contextmanager
    def server(home: Home, **_: Any) -> Any:
        yield prefect_server.Server(url="http://127.0.0.1:4200/api", kind="running" if flows.served else "temporary")

    monkeypatch.setattr(prefect_server, "use_server", server)
    monkeypatch.setattr(runs, "served", lambda flow: flows.served)
    for name in ("run_here", "hand_over", "follow"):
        monkeypatch.setattr(runs, name, getattr(flows, name))
    return flows
