"""The quality of what a real sync landed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sandbox.sandbox import Sandbox
from tasks.engine import sync
from tasks.quality import check_quality
from tasks.workspace import Workspace


@pytest.mark.slow
def test_every_stream_that_landed_is_checked_and_the_results_are_history(
    workspace: Workspace, sandbox: Sandbox
) -> None:
    synced = sync(workspace, "hubspot", run="a sync")
    assert synced.error is None
    since = workspace.clock() - timedelta(hours=1)
    results = check_quality(workspace, since=since, run="a check")
    assert {result.stream for result in results} == {stream.stream for stream in synced.streams if stream.rows}
    assert [result for result in results if not result.success] == []
    with workspace.warehouse.reading() as connection:
        rows = connection.execute("SELECT suite, expectation, column_name FROM metrics.quality_results").fetchall()
    assert sorted(rows) == sorted((result.suite, result.expectation, result.column) for result in results)

    sandbox.advance(hours=5)
    late = check_quality(workspace, platforms=["hubspot"], since=workspace.clock(), run="another check")
    assert {result.column for result in late if not result.success} == {"intervals_since_success"}


def test_nothing_is_checked_where_no_platform_is_connected(empty_workspace: Workspace) -> None:
    assert check_quality(empty_workspace, since=empty_workspace.clock(), run="r") == []
