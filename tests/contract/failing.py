"""Checks of reading while the platform fails: it recovers without loss, or says what is the matter."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pytest

from connectors.sdk.driver import Step
from core.classify import Disposition, classify
from core.errors import BadReply, ComeBackLater, IntegrationError, PlatformError, PlatformUnavailable, ScopeMissing
from core.http import Response
from core.model import EMPTY_STATE, State
from sandbox.platform import Call
from tests.contract.case import Case, Check, Inapplicable, records, rows_of
from tests.contract.rig import Rig, only_leads
from tests.contract.rows import Parent

# Each passes, so a walk must bring the same records as without it; the least that must have been waited, in seconds.
PASSING: Final[tuple[tuple[str, dict[str, Any], int, float], ...]] = (
    ("rate_limited", {"retry_after": 2}, 1, 2.0),
    ("rate_limited", {}, 1, 0.1),
    ("rate_limited", {"retry_after": 0}, 2, 0.1),
    ("status", {"status": 500}, 1, 0.1),
    ("status", {"status": 503}, 3, 0.1),
    ("html", {"status": 502}, 1, 0.1),
    ("html", {"status": 200}, 1, 0.0),
    ("cut", {"at": 10}, 1, 0.1),
    ("slow", {"wait": 31}, 1, 0.1),
    ("reset", {}, 1, 0.1),
    ("refuse", {}, 2, 0.1),
    ("invalid_json", {}, 1, 0.0),
)


def failures_that_pass_lose_nothing(case: Case) -> None:
    rig = case.rig()
    parent = rig.parents(case.stream)[0]
    whole = records(list(rig.walk(case.stream, parent=parent)))
    calls = rig.calls_of(case.stream)
    for kind, args, times, least in PASSING:
        case.fault(rig, kind, times=times, **args)
        rig.slept.clear()
        rig.calls.clear()
        steps = list(rig.walk(case.stream, parent=parent))
        assert records(steps) == whole, f"after {kind} {args} other records came"
        assert sum(rig.slept) >= least, f"after {kind} {args} only {sum(rig.slept)} s were waited"
        assert rig.calls_of(case.stream) == calls + times, f"{kind} did not strike as planned"


def a_failing_platform_is_given_up(case: Case) -> None:
    for kind, args, expected in (
        ("status", {"status": 500}, PlatformUnavailable),
        ("reset", {}, PlatformUnavailable),
        ("invalid_json", {}, BadReply),
        ("rate_limited", {}, ComeBackLater),
    ):
        rig = case.rig()
        parent = rig.parents(case.stream)[0]
        case.fault(rig, kind, times=0, **args)
        with pytest.raises(expected) as failed:
            list(rig.walk(case.stream, parent=parent))
        assert kind == "invalid_json" or rig.name in str(failed.value), "it does not say which integration"
        assert kind == "invalid_json" or failed.value.advice, "it does not say what to do"


def a_long_wait_is_left_for_later(case: Case) -> None:
    rig = case.rig()
    parent = rig.parents(case.stream)[0]
    case.fault(rig, "rate_limited", retry_after=600)
    with pytest.raises(ComeBackLater) as later:
        list(rig.walk(case.stream, parent=parent))
    assert (later.value.at - rig.sandbox.now()).total_seconds() >= 600
    assert rig.slept == []


def pages_before_a_failure_stand(case: Case) -> None:
    rig, parent, steps = case.paged()
    case.fault(rig, "status", nth=2, times=0, status=500)
    got: list[Step] = []
    with pytest.raises(PlatformUnavailable):
        _gather(rig.walk(case.stream, parent=parent), got)
    rig.sandbox.faults.clear()
    assert 1 <= len(got) < len(steps)
    rest = list(rig.walk(case.stream, got[-1].page.state, parent))
    assert rows_of(case, parent, [*got, *rest], rig).raw == rows_of(case, parent, steps, rig).raw


def an_empty_page_in_the_middle_is_no_end(case: Case) -> None:
    """The walk goes on, or fails: it never ends as if that had been all. In a full walk, and in one for changes."""
    rig, parent, steps = case.paged()
    _survives_an_empty_page(case, rig, parent, EMPTY_STATE, steps)
    rig.sandbox.advance(days=20)
    state = steps[-1].page.state
    changes = list(rig.walk(case.stream, state, parent))
    if len(changes) > 1:
        _survives_an_empty_page(case, rig, parent, state, changes)


def _survives_an_empty_page(case: Case, rig: Rig, parent: Parent | None, state: State, steps: list[Step]) -> None:
    leading = [number for number, step in enumerate(steps) if only_leads(rig, case.stream, step)]
    end = 3 if not leading else leading[3] if len(leading) > 3 else len(steps)
    case.fault(rig, "empty_page", nth=2, times=2)
    try:
        disturbed = list(rig.walk(case.stream, state, parent))
    except IntegrationError:
        return
    finally:
        rig.sandbox.faults.clear()
    emptied = {bytes(record) for step in steps[1:end] for record in step.page.records}
    lost = set(records(steps)) - set(records(disturbed)) - emptied
    assert not lost, f"{len(lost)} records of other pages are missing"


def _gather(walk: Iterator[Step], got: list[Step]) -> None:
    for step in walk:
        got.append(step)


def a_forgotten_cursor_is_noticed(case: Case) -> None:
    """The walk begins again where the connector knows the platform's word for it; else it fails, and never ends."""
    rig, parent, steps = case.paged()
    call = Call(method="GET", host=case.connector.hosts[0], path="/")
    reply = rig.sandbox.platforms[case.connector.name].problems.stale_cursor(call)
    verdict = classify(Response(status=reply.status, body=reply.body), case.connector.errors)
    case.fault(rig, "stale_cursor", nth=2)
    if verdict.disposition is not Disposition.RESET_STATE:
        declared = any(rule.disposition is Disposition.RESET_STATE for rule in case.connector.errors)
        assert not declared, f"the rules for a forgotten cursor do not fit what the platform says: {reply.body!r}"
        with pytest.raises(PlatformError):
            list(rig.walk(case.stream, parent=parent))
        return
    again = list(rig.walk(case.stream, parent=parent))
    assert [step.begins for step in again].count(True) == 2
    assert rows_of(case, parent, again, rig).raw == rows_of(case, parent, steps, rig).raw


def a_missing_scope_is_told(case: Case) -> None:
    if not case.stream.scopes:
        raise Inapplicable("it declares no scopes")
    for scope in case.stream.scopes:
        rig = case.rig()
        parent = rig.parents(case.stream)[0]
        case.fault(rig, "remove_scope", scope=scope)
        with pytest.raises(ScopeMissing) as missing:
            list(rig.walk(case.stream, parent=parent))
        assert missing.value.advice


FAILING: Final[tuple[Check, ...]] = (
    failures_that_pass_lose_nothing,
    a_failing_platform_is_given_up,
    a_long_wait_is_left_for_later,
    pages_before_a_failure_stand,
    an_empty_page_in_the_middle_is_no_end,
    a_forgotten_cursor_is_noticed,
    a_missing_scope_is_told,
)
