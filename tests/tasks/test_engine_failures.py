"""Syncs that do not go well: nothing is lost, nothing doubled, and the next one goes on from there."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from connectors.catalog import connector
from connectors.sdk.base import Connector
from core.errors import Busy, CircuitOpen, ComeBackLater, PlatformUnavailable, QuotaExhausted, ScopeMissing
from core.model import Column, Page, Table
from sandbox.faults import Fault
from sandbox.sandbox import Sandbox
from tasks import engine
from tasks.draining import Draining
from tasks.engine import sync, sync_lease
from tasks.reports import SyncReport
from tasks.workspace import Workspace
from tests.storage.places import T0
from tests.tasks.connected import connect_sample
from tests.tasks.landed import live, query, truth

CONTACTS = "*/crm/objects/*/contacts*"
ENTRIES = "*/files/list_folder*"
SCALE = 40


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many pages of few records."""
    monkeypatch.setattr("connectors.hubspot.streams._LIST_SIZE", 7)
    monkeypatch.setattr("connectors.hubspot.streams._SEARCH_SIZE", 7)
    monkeypatch.setattr("connectors.dropbox.streams._PAGE", 25)


def by_stream(report: SyncReport) -> dict[str, str]:
    return {stream.stream: stream.outcome for stream in report.streams}


def sync_until_done(workspace: Workspace, sandbox: Sandbox, name: str, fault: Fault, streams: Sequence[str]) -> int:
    """Every sync fails by this fault until one gets through. How many did not."""
    failed = 0
    while True:
        sandbox.faults.clear()
        sandbox.plan(fault)
        # A breaker that has opened is waited for.
        sandbox.advance(hours=1)
        if sync(workspace, name, run=f"try {failed}", only=streams).outcome == "ok":
            return failed
        failed += 1
        assert failed < 60, "it never gets through"


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize(
    ("platform", "method", "stream", "fault"),
    [
        pytest.param(
            *("hubspot", "service_key", "contacts", Fault(match=CONTACTS, nth=3, kind="reset", times=5)),
            marks=pytest.mark.slow,
        ),
        ("dropbox", "access_token", "entries", Fault(match=ENTRIES, nth=3, kind="html", times=5)),
        pytest.param(
            *("dropbox", "access_token", "entries", Fault(match=ENTRIES, nth=2, kind="cut", args={"at": 99}, times=5)),
            marks=pytest.mark.slow,
        ),
        pytest.param(
            *("hubspot", "service_key", "contacts", Fault(match=CONTACTS, nth=2, kind="invalid_json", times=5)),
            marks=pytest.mark.slow,
        ),
        pytest.param(
            *("hubspot", "service_key", "contacts", Fault(match=CONTACTS, nth=2, kind="bare", times=5)),
            marks=pytest.mark.slow,
        ),
    ],
)
def test_a_sync_that_fails_in_the_middle_again_and_again_loses_and_doubles_nothing(
    empty_workspace: Workspace, sandbox: Sandbox, platform: str, method: str, stream: str, fault: Fault
) -> None:
    connect_sample(empty_workspace, platform, method)
    began = sandbox.now()
    assert sync_until_done(empty_workspace, sandbox, platform, fault, [stream]) > 1
    sandbox.advance(days=3)
    sync_until_done(empty_workspace, sandbox, platform, fault, [stream])
    sandbox.faults.clear()
    sandbox.advance(hours=1)
    assert sync(empty_workspace, platform, run="clean", only=[stream]).outcome == "ok"
    passed = (sandbox.now() - began) / timedelta(days=1)
    table = f"{platform}.{stream}"
    assert live(empty_workspace.warehouse, platform)[table] == truth(platform, method, SCALE, passed)[table]


@pytest.mark.usefixtures("small_pages")
def test_a_long_wait_pauses_and_the_next_sync_goes_on_from_there(workspace: Workspace, sandbox: Sandbox) -> None:
    sandbox.plan(Fault(match=CONTACTS, nth=3, kind="rate_limited", args={"retry_after": 3600}))
    report = sync(workspace, "hubspot", run="limited", only=["contacts"])
    assert (report.outcome, report.rows) == ("paused", 14)
    assert isinstance(report.error, ComeBackLater)
    row = workspace.scope.integration("hubspot")
    assert row.paused_until == report.error.at
    assert row.status == "active"
    assert len(live(workspace.warehouse, "hubspot")["hubspot.contacts"]) == 14
    at = report.error.at
    assert "hubspot" not in [due.name for due in workspace.scope.due(at - timedelta(seconds=1), "hubspot")]
    sandbox.advance(seconds=(at - sandbox.now()).total_seconds())
    assert "hubspot" in [due.name for due in workspace.scope.due(at + timedelta(hours=1), "hubspot")]
    later = sync(workspace, "hubspot", run="later", only=["contacts"])
    assert (later.outcome, later.rows) == ("ok", SCALE - 14)
    assert workspace.scope.integration("hubspot").paused_until is None
    assert len(live(workspace.warehouse, "hubspot")["hubspot.contacts"]) == SCALE


def test_a_quota_that_is_used_up_asks_for_attention(workspace: Workspace, sandbox: Sandbox) -> None:
    sandbox.plan(Fault(match=CONTACTS, kind="status", args={"status": 402}))
    report = sync(workspace, "hubspot", run="poor", only=["contacts", "owners"])
    assert report.outcome == "quota"
    assert isinstance(report.error, QuotaExhausted)
    row = workspace.scope.integration("hubspot")
    assert (row.status, row.status_reason) == ("attention", str(report.error))
    assert workspace.scope.due(sandbox.now() + timedelta(days=9)) == []
    assert sync(workspace, "hubspot", run="paid", only=["contacts"]).outcome == "ok"
    assert workspace.scope.integration("hubspot").status == "active"


def test_a_missing_right_concerns_one_stream_only(workspace: Workspace, sandbox: Sandbox) -> None:
    sandbox.plan(Fault(kind="remove_scope", args={"scope": "crm.objects.deals.read"}))
    report = sync(workspace, "hubspot", run="partly", only=["contacts", "deals", "owners"])
    assert by_stream(report) == {"contacts": "ok", "deals": "failed", "owners": "ok"}
    assert report.outcome == "partial"
    assert isinstance(report.error, ScopeMissing)
    assert workspace.scope.integration("hubspot").status == "active"
    assert workspace.scope.integration("hubspot").last_error == str(report.error)


@pytest.mark.usefixtures("small_pages")
def test_a_credential_that_is_refused_stops_everything_and_asks_for_attention(
    workspace: Workspace, sandbox: Sandbox
) -> None:
    sandbox.plan(Fault(match=CONTACTS, nth=2, kind="revoke"))
    report = sync(workspace, "hubspot", run="refused", only=["contacts"])
    assert (report.outcome, report.rows) == ("failed", 7)
    row = workspace.scope.integration("hubspot")
    assert row.status == "attention"
    assert "Connect the integration again" in getattr(report.error, "advice", "")
    assert len(live(workspace.warehouse, "hubspot")["hubspot.contacts"]) == 7


def test_a_platform_that_is_down_stops_the_sync_and_then_is_left_alone(workspace: Workspace, sandbox: Sandbox) -> None:
    sandbox.plan(Fault(match="api.hubapi.com/*", kind="refuse", times=0))
    outcomes: list[type] = []
    for attempt in range(8):
        report = sync(workspace, "hubspot", run=f"down {attempt}", only=["contacts"])
        outcomes.append(type(report.error))
    assert outcomes[0] is PlatformUnavailable
    assert outcomes[-1] is CircuitOpen
    sandbox.calls.clear()
    assert sync(workspace, "hubspot", run="held back", only=["contacts"]).calls == 0
    assert not sandbox.calls
    assert workspace.scope.integration("hubspot").paused_until is not None


def test_the_second_of_two_syncs_of_one_integration_is_told_that_it_is_busy(
    workspace: Workspace, sandbox: Sandbox
) -> None:
    reading, let_go = threading.Event(), threading.Event()

    def dwell(seconds: float) -> None:
        reading.set()
        let_go.wait(10)

    sandbox.sleep = dwell
    sandbox.plan(Fault(match=CONTACTS, kind="slow", args={"wait": 1}))
    with ThreadPoolExecutor(1) as other:
        first = other.submit(sync, workspace, "hubspot", run="first", only=["contacts"])
        assert reading.wait(10)
        with pytest.raises(Busy) as told:
            sync(workspace, "hubspot", run="second", only=["contacts"])
        let_go.set()
        assert first.result().outcome == "ok"
    assert "the sync of hubspot" in str(told.value)
    assert sync(workspace, "hubspot", run="third", only=["contacts"]).outcome == "ok"


@pytest.mark.usefixtures("small_pages")
def test_a_sync_that_lost_its_lease_writes_no_more_and_leaves_the_word_to_the_other(
    workspace: Workspace, sandbox: Sandbox
) -> None:
    # As on a machine that slept: the clock has moved on when the reply comes.
    sandbox.sleep = lambda seconds: sandbox.advance(seconds=engine.LEASE_SECONDS + 1)
    sandbox.plan(Fault(match=CONTACTS, nth=2, kind="slow", args={"wait": 1}))
    due_before = workspace.scope.integration("hubspot").next_due_at
    report = sync(workspace, "hubspot", run="sleepy", only=["contacts"])
    assert isinstance(report.error, Busy)
    row = workspace.scope.integration("hubspot")
    assert (row.last_sync_at, row.last_error, row.paused_until, row.next_due_at) == (None, "", None, due_before)
    assert "hubspot.contacts" not in live(workspace.warehouse, "hubspot")
    assert workspace.landing.pending() == []
    assert sync(workspace, "hubspot", run="awake", only=["contacts"]).rows == SCALE


def _changed(original: Connector, stream: str, **changes: Any) -> Callable[[str], Connector]:
    streams = tuple(replace(one, **changes) if one.name == stream else one for one in original.streams)
    return lambda platform: replace(original, streams=streams)


@pytest.mark.usefixtures("small_pages")
def test_a_defect_in_a_stream_leaves_its_state_its_siblings_and_the_lease_alone(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = connector("hubspot")
    honest = original.stream("contacts").parse
    pages = 0

    def broken(*given: Any) -> Page:
        nonlocal pages
        pages += 1
        if pages == 3:
            raise ValueError("ann@example.org is no number")
        return honest(*given)

    monkeypatch.setattr(engine, "connector", _changed(original, "contacts", parse=broken))
    report = sync(workspace, "hubspot", run="broken", only=["contacts", "owners"])
    assert by_stream(report) == {"contacts": "failed", "owners": "ok"}
    assert "hubspot: reading contacts broke off: ValueError in test_engine_failures.py" in str(report.error)
    assert "ann@example.org" not in str(report.error)
    assert len(live(workspace.warehouse, "hubspot")["hubspot.contacts"]) == 14
    assert workspace.scope.integration("hubspot").last_error == str(report.error)
    again = sync(workspace, "hubspot", run="mended", only=["contacts"])
    assert (again.outcome, again.rows) == ("ok", SCALE - 14)


@pytest.mark.usefixtures("small_pages")
def test_a_cursor_that_the_platform_forgot_means_reading_all_again(
    empty_workspace: Workspace, sandbox: Sandbox
) -> None:
    connect_sample(empty_workspace, "dropbox", "access_token")
    assert sync(empty_workspace, "dropbox", run="first", only=["entries"]).outcome == "ok"
    sandbox.advance(days=20)
    sandbox.plan(Fault(match="*/continue", kind="stale_cursor"))
    report = sync(empty_workspace, "dropbox", run="forgotten", only=["entries"])
    assert report.outcome == "ok"
    wanted = truth("dropbox", "access_token", SCALE, 20)["dropbox.entries"]
    assert report.rows >= len(wanted)
    assert live(empty_workspace.warehouse, "dropbox")["dropbox.entries"] == wanted


def test_one_parent_that_cannot_be_read_does_not_keep_its_siblings_from_being_read(
    empty_workspace: Workspace, sandbox: Sandbox
) -> None:
    connect_sample(empty_workspace, "mailchimp", "api_key")
    assert sync(empty_workspace, "mailchimp", run="lists", only=["audiences"]).outcome == "ok"
    lists = sorted(key[0] for key in live(empty_workspace.warehouse, "mailchimp")["mailchimp.audiences"])
    sandbox.plan(Fault(match=f"*/lists/{lists[0]}/members", kind="status", args={"status": 400}, times=0))
    report = sync(empty_workspace, "mailchimp", run="one is broken", only=["members"])
    assert report.outcome == "failed"
    seen = {key[0] for key in live(empty_workspace.warehouse, "mailchimp")["mailchimp.members"]}
    assert seen == set(lists[1:])
    sandbox.faults.clear()
    assert sync(empty_workspace, "mailchimp", run="whole again", only=["members"]).outcome == "ok"
    seen = {key[0] for key in live(empty_workspace.warehouse, "mailchimp")["mailchimp.members"]}
    assert seen == set(lists)


def test_what_was_read_while_somebody_looks_into_the_warehouse_lands_later(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync(workspace, "hubspot", run="first", only=["owners"])
    monkeypatch.setattr(engine, "_DRAIN_WAIT", 0.05)
    with workspace.warehouse.reading():
        report = sync(workspace, "hubspot", run="unseen", only=["contacts"])
        assert (report.outcome, report.waiting) == ("ok", True)
        again = sync(workspace, "hubspot", run="unseen still", only=["contacts"])
        assert (again.outcome, again.rows) == ("ok", 0), "it goes on from what waits"
    assert "hubspot.contacts" not in live(workspace.warehouse, "hubspot")
    assert not sync(workspace, "hubspot", run="free", only=["owners"]).waiting
    assert len(live(workspace.warehouse, "hubspot")["hubspot.contacts"]) == SCALE


def test_several_integrations_sync_at_once(empty_workspace: Workspace, sandbox: Sandbox) -> None:
    connect_sample(empty_workspace, "hubspot", "service_key", "shop")
    connect_sample(empty_workspace, "hubspot", "service_key", "office")
    connect_sample(empty_workspace, "dropbox", "access_token", "files")
    wanted = {"shop": "contacts", "office": "contacts", "files": "entries"}
    with ThreadPoolExecutor(3) as pool:
        reports = list(
            pool.map(lambda one: sync(empty_workspace, one[0], run=f"of {one[0]}", only=[one[1]]), wanted.items())
        )
    assert [report.outcome for report in reports] == ["ok"] * 3
    assert query(empty_workspace, "SELECT count(*) FROM hubspot.contacts") == [(2 * SCALE,)]
    rows = {name: len(*live(empty_workspace.warehouse, name).values()) for name in wanted}
    assert rows == {report.integration: report.rows for report in reports}


def test_a_lease_is_free_after_any_end(workspace: Workspace, sandbox: Sandbox) -> None:
    sandbox.plan(Fault(match=CONTACTS, kind="revoke"))
    sync(workspace, "hubspot", run="refused", only=["contacts"])
    with workspace.leases.held(sync_lease("hubspot"), ttl=1.0):
        pass


def test_what_others_wrote_and_cannot_be_landed_is_no_failure_of_this_sync(workspace: Workspace) -> None:
    """Whoever holds the warehouse lands everybody's segments, and tells of its own alone."""
    poison = Table(schema="x", name="posts", columns=(Column(name="id", pattern="("),), key=("id",))
    workspace.landing.write(
        owner=workspace.owner,
        integration="another",
        run="its own",
        table=poison,
        records=[b'{"id":"1"}'],
        fetched_at=T0,
    )
    report = sync(workspace, "hubspot", run="mine", only=["owners"])
    assert (report.outcome, report.rejected, report.waiting) == ("ok", 0, False)
    assert workspace.landing.left_of("another", "its own") == (0, 1)
    assert workspace.scope.integration("hubspot").last_error == ""


def test_what_of_this_sync_cannot_be_landed_is_told_whoever_finds_out(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def reject_all(self: Draining, wait: float) -> None:
        for path in workspace.landing.pending():
            workspace.landing.reject(path, "another process could not land it")

    monkeypatch.setattr(Draining, "land", reject_all)
    report = sync(workspace, "hubspot", run="mine", only=["owners"])
    assert (report.outcome, report.rejected) == ("failed", 1)
