"""What the demonstration shows at its end: synced, health, findings, a trend, and what to try next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.text import Text

from console.charts import chart
from console.render import mark, table

if TYPE_CHECKING:
    from tasks.workspace import Workspace

_SYNCED: Final = """
    SELECT platform, count(DISTINCT stream) AS streams, count(DISTINCT run) AS syncs, sum(rows) AS records,
           sum(deleted) AS deletions, count(*) FILTER (outcome <> 'ok') AS troubled
    FROM metrics.syncs GROUP BY platform ORDER BY platform
"""
_CALLS: Final = "SELECT platform, count(*) AS calls FROM metrics.api_calls GROUP BY platform"
_TREND: Final = """
    SELECT CAST(_day AS TIMESTAMP) AS day, max(followers_count) AS followers
    FROM x.account GROUP BY _day ORDER BY _day
"""
_QUALITY: Final = "SELECT count(*) AS expectations, count(*) FILTER (success) AS hold FROM metrics.quality_results"


def print_summary(out: Console, workspace: Workspace, days: int) -> None:
    """Prints what came of it, all of it read from the state and the warehouse as anybody could."""
    out.print(f"\n[bold]What was synced[/bold] in {days} simulated days")
    with workspace.warehouse.reading() as connection:
        synced = connection.execute(_SYNCED).fetchall()
        calls = dict(connection.execute(_CALLS).fetchall())
        trend = connection.execute(_TREND).fetchall()
        quality = connection.execute(_QUALITY).fetchone() or (0, 0)
    head = ("platform", "streams", "syncs", "calls", "records", "deleted", "troubled")
    rows = [(row[0], *row[1:3], calls.get(row[0], 0), *row[3:]) for row in synced]
    out.print(table(head, rows))
    _print_watching(out, workspace)
    out.print(f"[bold]Quality[/bold]: {quality[1]} of {quality[0]} expectations hold over what landed\n")
    out.print(Text.from_ansi(chart(("day", "followers"), trend, title="Followers on X")))
    out.print(_next_steps(workspace), soft_wrap=True)


def _print_watching(out: Console, workspace: Workspace) -> None:
    worst = ("unhealthy", "degraded", "unknown", "healthy")
    by_integration: dict[str, list[tuple[str, str]]] = {}
    for reading in workspace.scope.health():
        by_integration.setdefault(reading.integration, []).append((reading.status, reading.message))
    out.print("\n[bold]Health[/bold]")
    for integration, readings in by_integration.items():
        status, message = min(readings, key=lambda told: worst.index(told[0]))
        line = Text(f"  {integration:<20}").append_text(mark(status))
        out.print(line if status == "healthy" else line.append(f"  {message}"))
    findings = workspace.scope.findings()
    out.print(f"\n[bold]Security[/bold]: {len(findings)} findings")
    for finding in findings:
        subject = finding.integration or "installation"
        out.print(Text(f"  {subject:<20}").append_text(mark(finding.severity)).append(f"  {finding.title}"))
    out.print()


def _next_steps(workspace: Workspace) -> str:
    folder = workspace.home.folder
    return f"""
[bold]Try next[/bold]
  source .venv/bin/activate
  export INTEGRATIONS_HOME={folder}
  integrations list                            what is connected
  integrations ask                             the questions that are ready
  integrations ask follower_growth --format chart
  integrations ask error_patterns              what went wrong on the way

  unset INTEGRATIONS_HOME                      then, with a real account of yours:
  integrations up                              Prefect with its UI and all schedules
  integrations connect hubspot                 in another terminal"""
