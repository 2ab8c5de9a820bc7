"""`integrations sync`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import typer
from rich.text import Text

from console.render import duration, mark, table
from console.work import note, show, workspace, write_json
from core.errors import ComeBackLater, CredentialError, PlatformError, UsageError

if TYPE_CHECKING:
    from prefect.flows import Flow

    from console.prefect_server import Server
    from console.runs import Ended
    from storage.state.models import Integration
    from tasks.workspace import Workspace

FLOW: Final = "sync-integration"
_COLUMNS: Final = ("stream", "outcome", "rows", "deleted", "pages", "seconds", "full", "message")

Summary = Mapping[str, Any]


def sync_now(
    name: str | None,
    *,
    all_: bool,
    platform: str | None,
    full: bool,
    streams: Sequence[str],
    wait: bool,
    as_json: bool,
) -> None:
    """Syncs what was named, tells what came, and ends with the first exit code that is not 0."""
    from console.prefect_server import use_server

    with workspace() as place:
        names = _named(place, name, all_, platform)
        _check_streams(place, names, streams)
        wishes = [{"integration": one, "full": full, "streams": list(streams) or None} for one in names]
        with use_server(place.home, meanwhile=_flow) as server:
            from console.runs import hand_over, served

            there = server.kind != "temporary" and served(FLOW)
            if not wait:
                if not there:
                    raise UsageError(
                        "nobody would run it: with --no-wait a sync is handed to `integrations up`",
                        advice="Start `integrations up` in another terminal, or leave --no-wait out.",
                    )
                _tell_handed_over(server, [(wish["integration"], hand_over(FLOW, wish)) for wish in wishes], as_json)
                return
            ended = _run(names, wishes, there)
        summaries = [_summary(place, one, run) for one, run in zip(names, ended, strict=True)]
    if as_json:
        write_json(summaries)
    else:
        for summary in summaries:
            _print(summary)
    code = next((int(summary["exit_code"]) for summary in summaries if summary["exit_code"]), 0)
    raise typer.Exit(code)


def _named(place: Workspace, name: str | None, all_: bool, platform: str | None) -> list[str]:
    if sum((name is not None, all_, platform is not None)) != 1:
        raise UsageError(
            "what shall be synced?",
            advice="Name one integration, or say --all, or --platform hubspot. `integrations list` shows them.",
        )
    if name is not None:
        return [place.scope.integration(name).name]
    names = [row.name for row in place.scope.integrations(platform) if row.status != "paused"]
    if not names:
        raise UsageError(f"nothing of {platform} is connected" if platform else "nothing is connected that is active")
    return names


def _check_streams(place: Workspace, names: Sequence[str], streams: Sequence[str]) -> None:
    from connectors.catalog import connector

    for platform in {place.scope.integration(name).platform for name in names} if streams else ():
        for stream in streams:
            connector(platform).stream(stream)


def _run(names: Sequence[str], wishes: Sequence[Mapping[str, Any]], there: bool) -> list[Ended]:
    from console.runs import follow, hand_over, progress, run_here

    with progress(f"Syncing {', '.join(names)}") as say:
        if there:
            return follow([hand_over(FLOW, wish) for wish in wishes], say)
        return run_here(_flow, wishes, say)


def _flow() -> Flow[Any, Any]:
    from flows.sync import sync_integration

    return sync_integration


def _summary(place: Workspace, name: str, ended: Ended) -> dict[str, Any]:
    """What the sync told, or what it wrote down where it ran in another process."""
    told: dict[str, Any] = next(iter((ended.told or {}).get("integrations", ())), {})
    if "outcome" in told:
        return told
    row = place.scope.integration(name)
    summary = {"integration": name, "platform": row.platform, "run": ended.run, "rows": 0, "streams": []}
    if "error" in told:
        return summary | told | {"outcome": "failed"}
    streams = _written_down(place, ended.run, name)
    outcomes = {stream["outcome"] for stream in streams}
    stopped = next((outcome for outcome in ("quota", "paused") if outcome in outcomes), None)
    outcome = stopped or ("ok" if ended.good else "failed" if outcomes <= {"failed"} else "partial")
    return summary | {
        "outcome": outcome,
        "rows": sum(stream["rows"] for stream in streams),
        "error": "" if outcome == "ok" else _reason(row, ended, began=bool(streams)),
        "exit_code": _exit_code(outcome, row.status),
        "streams": streams,
    }


def _written_down(place: Workspace, run: str, name: str) -> list[dict[str, Any]]:
    from storage.warehouse.asking import run_question

    chosen = ", ".join(f'"{column}"' for column in _COLUMNS)
    sql = f"SELECT {chosen} FROM metrics.syncs WHERE run = $run AND integration = $integration ORDER BY started_at"  # noqa: S608
    try:
        answer = run_question(place.warehouse, sql, {"run": run, "integration": name})
    except UsageError:
        return []  # it failed before anything was ever written down
    return [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]


def _reason(row: Integration, ended: Ended, *, began: bool) -> str:
    """Why it did not end well. What stands with the integration may be older than a run that did not begin to read."""
    noted = row.status_reason or row.last_error
    return noted or ended.message if began else ended.message or noted


def _exit_code(outcome: str, status: str) -> int:
    """As near to the error's own exit code as what is written down tells."""
    if outcome == "ok":
        return 0
    if outcome == "paused":
        return ComeBackLater.exit_code
    return CredentialError.exit_code if status == "attention" and outcome != "quota" else PlatformError.exit_code


def _tell_handed_over(server: Server, runs: Sequence[tuple[Any, Any]], as_json: bool) -> None:
    told = [
        {"integration": name, "run": str(run.id), "url": f"{server.ui}/runs/flow-run/{run.id}"} for name, run in runs
    ]
    if as_json:
        write_json(told)
        return
    for one in told:
        note(f"✓ {one['integration']} is handed over: {one['url']}")


def _print(summary: Summary) -> None:
    streams = summary["streams"]
    if streams:
        rows = [
            (
                Text(stream["stream"], style="bold"),
                mark(stream["outcome"]),
                stream["rows"],
                stream["deleted"],
                stream["pages"],
                Text(duration(stream["seconds"]), justify="right"),
                stream["message"],
            )
            for stream in streams
        ]
        columns = ("stream", "outcome", "rows", "deleted", "pages", "time", "")
        show(table(columns, rows, title=f"{summary['integration']} ({summary['platform']})"))
    if summary["outcome"] == "ok":
        note(f"✓ {summary['integration']} is in sync: {summary['rows']:,} rows.")
    else:
        note(f"✗ {summary['integration']}: {summary['outcome']}. {summary['error']}")
        if summary.get("advice"):
            note(f"  {summary['advice']}")
    if summary.get("waiting"):
        note("! What was read waits to land: another program has the warehouse open. The next sync lands it.")
    if summary.get("quarantined"):
        note(f"! {summary['quarantined']:,} records did not pass their checks: integrations quarantine list")
