"""`integrations up`: everything, until Ctrl-C."""

from __future__ import annotations

import os
from collections.abc import Callable

from rich.text import Text

from console.prefect_server import API_VARIABLE, Server, lasting_server, log_file, use_server
from console.render import every, table
from console.work import note, show, workspace
from storage.home import Home


def keep_up(port: int) -> None:
    """Serves all deployments, on a Prefect server of our own unless PREFECT_API_URL names one."""
    home = Home.from_env().create()
    if os.environ.get(API_VARIABLE):
        with use_server(home) as server:
            _serve(home, server)
        return
    note("Starting Prefect …")
    with lasting_server(home, port, meanwhile=_serving) as server:
        _serve(home, server)
    note("Stopped. Nothing is lost; what is due comes when it is started again.")


def _serve(home: Home, server: Server) -> None:
    serve = _serving()
    with workspace(new=True) as place:
        integrations = place.scope.integrations()
    rows = [
        (Text(row.name, style="bold"), row.platform, every(row.schedule_minutes), row.status) for row in integrations
    ]
    show(table(("integration", "platform", "syncs", "status"), rows))
    if not integrations:
        note("Nothing is connected yet.")
    note(f"✓ Prefect: {server.ui} (runs, logs, schedules)")
    if server.kind == "running":
        note(f"  Its own log: {log_file(home)}")
    note("  Connect more in another terminal: integrations connect <platform>")
    note("  Ctrl-C stops everything.")
    serve()


def _serving() -> Callable[[], None]:
    from deployments.serve import serve

    return serve
