"""Syncs of whole integrations: real state, warehouse and landing zone, the sandbox for the world."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from connectors.catalog import connector
from core.errors import UsageError
from core.http import Response
from sandbox.faults import Fault
from sandbox.sandbox import Sandbox
from storage.warehouse.reading import states
from tasks.engine import sync
from tasks.reports import SyncReport
from tasks.workspace import Workspace
from tests.tasks.connected import connect_sample
from tests.tasks.landed import live, query, truth

CONTACTS = "*/crm/objects/*/contacts*"
SCALE = 40


def by_stream(report: SyncReport) -> dict[str, str]:
    return {stream.stream: stream.outcome for stream in report.streams}


@pytest.mark.parametrize(
    ("platform", "method", "streams"),
    [
        ("hubspot", "service_key", ["contacts"]),
        pytest.param("dropbox", "access_token", ["entries"], marks=pytest.mark.slow),
        pytest.param("hubspot", "service_key", [], marks=pytest.mark.slow),
        pytest.param("mailchimp", "api_key", [], marks=pytest.mark.slow),
    ],
)
def test_what_changed_makes_of_the_old_rows_what_a_full_read_finds(
    empty_workspace: Workspace, sandbox: Sandbox, platform: str, method: str, streams: list[str]
) -> None:
    connect_sample(empty_workspace, platform, method)
    first = sync(empty_workspace, platform, run="first", only=streams)
    assert first.outcome == "ok"
    for days in (1, 3):
        sandbox.advance(days=days)
        later = sync(empty_workspace, platform, run=f"{days} days later", only=streams)
        assert later.outcome == "ok"
        assert later.rows < first.rows
    found, wanted = live(empty_workspace.warehouse, platform), truth(platform, method, SCALE, 4)
    assert found == {table: wanted[table] for table in wanted if not streams or table.split(".")[1] in streams}
    assert query(empty_workspace, "SELECT count(*) FROM landed.quarantine") == [(0,)]


def test_members_are_read_for_each_audience_that_is_there(empty_workspace: Workspace, sandbox: Sandbox) -> None:
    connect_sample(empty_workspace, "mailchimp", "api_key")
    assert sync(empty_workspace, "mailchimp", run="first").outcome == "ok"
    rows = live(empty_workspace.warehouse, "mailchimp")
    audiences = {key[0] for key in rows["mailchimp.audiences"]}
    assert {key[0] for key in rows["mailchimp.members"]} == audiences
    kept = states(empty_workspace.warehouse, empty_workspace.landing, "mailchimp", owner=empty_workspace.owner)
    partitions = {partition for stream, partition in kept if stream == "members"}
    assert partitions == {f'{{"id":"{audience}"}}' for audience in audiences}


def test_what_is_gone_is_marked_and_kept(workspace: Workspace, sandbox: Sandbox) -> None:
    sync(workspace, "hubspot", run="first", only=["contacts"])
    before = live(workspace.warehouse, "hubspot")["hubspot.contacts"]
    sandbox.advance(days=30)
    report = sync(workspace, "hubspot", run="a month later", only=["contacts"])
    now = live(workspace.warehouse, "hubspot")["hubspot.contacts"]
    marked = {(key,) for (key,) in query(workspace, "SELECT id FROM hubspot.contacts WHERE _deleted_at IS NOT NULL")}
    assert marked
    assert marked == (before.keys() | marked) - now.keys()
    assert report.streams[0].deleted >= len(marked)


def test_a_counter_has_a_row_for_each_simulated_day(empty_workspace: Workspace, sandbox: Sandbox) -> None:
    connect_sample(empty_workspace, "dropbox", "access_token")
    days = []
    for _ in range(3):
        for run in ("morning", "evening"):
            assert sync(empty_workspace, "dropbox", run=run, only=["space_usage"]).outcome == "ok"
            sandbox.advance(hours=6)
        days.append(sandbox.now().date())
        sandbox.advance(hours=12)
    rows = query(empty_workspace, "SELECT _day, _run FROM dropbox.space_usage ORDER BY 1")
    assert rows == [(day, "evening") for day in days]


def test_a_run_that_pretends_another_time_dates_its_rows_with_it(workspace: Workspace, sandbox: Sandbox) -> None:
    then = sandbox.now().replace(year=2020)
    sync(workspace, "hubspot", run="pretended", only=["owners"], now=then)
    assert set(query(workspace, "SELECT _first_seen, _last_seen FROM hubspot.owners")) == {
        (then.replace(tzinfo=None), then.replace(tzinfo=None))
    }
    assert {row[0] for row in query(workspace, 'SELECT t."at" FROM metrics.api_calls AS t')} == {
        then.replace(tzinfo=None)
    }
    assert workspace.scope.integration("hubspot").last_success_at == then


def test_a_full_read_marks_what_it_did_not_see(workspace: Workspace, sandbox: Sandbox) -> None:
    sync(workspace, "hubspot", run="first", only=["contacts"])
    table = connector("hubspot").stream("contacts").table("hubspot")
    ghost = b'{"id":"99999999","createdAt":"2020-01-01T00:00:00Z","updatedAt":"2020-01-01T00:00:00Z","properties":{}}'
    workspace.landing.write(
        integration="hubspot",
        run="first",
        table=table,
        records=[ghost],
        fetched_at=sandbox.now(),
        owner=workspace.owner,
    )
    sandbox.advance(hours=1)
    sync(workspace, "hubspot", run="changes", only=["contacts"])
    assert ("99999999",) in live(workspace.warehouse, "hubspot")["hubspot.contacts"]
    sandbox.advance(hours=1)
    report = sync(workspace, "hubspot", run="all of it", full=True, only=["contacts"])
    assert all(stream.full for stream in report.streams)
    assert ("99999999",) not in live(workspace.warehouse, "hubspot")["hubspot.contacts"]
    assert query(workspace, "SELECT count(*) FROM hubspot.contacts WHERE id = '99999999'") == [(1,)]


def test_an_idle_sync_reads_nothing_again(empty_workspace: Workspace, sandbox: Sandbox) -> None:
    connect_sample(empty_workspace, "dropbox", "access_token")
    sync(empty_workspace, "dropbox", run="first")
    before = query(empty_workspace, "SELECT * FROM dropbox.entries ORDER BY path_lower")
    sandbox.advance(seconds=1)
    report = sync(empty_workspace, "dropbox", run="idle", only=["entries"])
    assert (report.rows, report.calls) == (0, 1)
    assert query(empty_workspace, "SELECT * FROM dropbox.entries ORDER BY path_lower") == before


def test_only_the_named_streams_are_read(workspace: Workspace, sandbox: Sandbox) -> None:
    report = sync(workspace, "hubspot", run="some", only=["deals", "owners"])
    assert by_stream(report) == {"deals": "ok", "owners": "ok"}
    assert set(live(workspace.warehouse, "hubspot")) == {"hubspot.deals", "hubspot.owners"}


def test_streams_and_integrations_that_are_not_there_are_told_with_the_nearest(workspace: Workspace) -> None:
    with pytest.raises(UsageError) as told:
        sync(workspace, "hubspot", run="wrong", only=["contact"])
    assert "contacts" in told.value.advice
    with pytest.raises(UsageError) as told:
        sync(workspace, "hubspott", run="wrong")
    assert "hubspot" in told.value.advice


def test_the_call_metrics_are_the_platforms_own_log(workspace: Workspace, sandbox: Sandbox) -> None:
    sandbox.calls.clear()
    sandbox.plan(
        Fault(match=CONTACTS, nth=1, kind="rate_limited", args={"retry_after": 3}),
        Fault(match="*/deals*", nth=1, kind="status", args={"status": 503}, times=2),
        Fault(match="*/tickets*", nth=1, kind="reset"),
    )
    report = sync(workspace, "hubspot", run="counted")
    assert report.outcome == "ok"
    logged = Counter((call.method, call.path, call.status) for call in sandbox.calls)
    noted = Counter(query(workspace, "SELECT method, path, status FROM metrics.api_calls"))
    assert noted == logged
    assert report.calls == sum(logged.values())
    assert query(workspace, "SELECT sum(rows) FROM metrics.api_calls") == [(report.rows,)]
    attempts = query(workspace, "SELECT stream, max(attempt) FROM metrics.api_calls GROUP BY 1 ORDER BY 1")
    assert dict(attempts) == dict.fromkeys((stream.name for stream in connector("hubspot").streams), 1) | {
        "contacts": 2,
        "deals": 3,
        "tickets": 2,
    }


def test_each_stream_of_a_sync_is_a_row_of_the_metrics(workspace: Workspace) -> None:
    report = sync(workspace, "hubspot", run="told", only=["owners", "deals"])
    rows = query(workspace, 'SELECT stream, outcome, rows, pages, "full", run FROM metrics.syncs ORDER BY stream')
    assert rows == sorted((s.stream, s.outcome, s.rows, s.pages, s.full, "told") for s in report.streams)


def test_records_of_the_wrong_type_go_to_quarantine_and_the_others_land(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = Response.records

    def with_a_bad_one(self: Response, path: str) -> list[bytes]:
        records = honest(self, path)
        wrong = records[0].replace(b'"createdAt":', b'"createdAt":{},"was":') if records else b""
        return [wrong, *records[1:]] if b'"email"' in wrong and b'"lifecyclestage"' in wrong else records

    monkeypatch.setattr(Response, "records", with_a_bad_one)
    report = sync(workspace, "hubspot", run="bad", only=["contacts"])
    assert (report.outcome, report.quarantined) == ("ok", 1)
    reasons = query(workspace, "SELECT stream, reason, raw FROM landed.quarantine")
    assert [(stream, "created_at" in reason) for stream, reason, _ in reasons] == [("contacts", True)]
    assert '"was":' in reasons[0][2]
    assert len(live(workspace.warehouse, "hubspot")["hubspot.contacts"]) == report.rows - 1


def test_fields_that_nobody_declared_are_noted_and_kept(workspace: Workspace) -> None:
    sync(workspace, "hubspot", run="drifting", only=["owners"])
    drift = {path for (path,) in query(workspace, "SELECT path FROM landed.drift WHERE stream = 'owners'")}
    assert any("teams" in path or "type" in path or "userIdIncludingInactive" in path for path in drift), drift
    raw = live(workspace.warehouse, "hubspot")["hubspot.owners"]
    assert all(any(path.split("/")[-1].strip("$.") in record for path in drift) for record in raw.values())


def test_the_landing_zone_is_empty_after_a_sync(workspace: Workspace, tmp_path: Path) -> None:
    sync(workspace, "hubspot", run="clean", only=["owners"])
    assert workspace.landing.pending() == []
    assert not list(workspace.landing.folder.rglob("*.tmp"))
    assert not workspace.landing.rejected.exists()
