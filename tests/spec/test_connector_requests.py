"""What the connectors ask, stream by stream through the real driver and client, against the vendors' specifications.

Replies are judged too, so that a stream is never fed what its platform would not say. What a specification cannot
judge is told in the platform's file below `tests/platforms`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import pytest
from _pytest.mark import ParameterSet

from connectors.catalog import PLATFORMS, connector, connectors
from core.model import EMPTY_STATE, State
from sandbox.platform import Call, Reply
from sandbox.sandbox import Sandbox
from sandbox.world import World
from tests.contract.case import Case
from tests.contract.rig import Rig
from tests.platforms.told import told
from tests.shared import needs_shared
from tests.spec.judging import Judge

pytestmark = needs_shared


def _cases() -> Iterator[ParameterSet]:
    """Every stream by every way to authenticate; of those by one builder the fast suite tries the first."""
    built: set[tuple[str, object]] = set()
    for platform in connectors():
        for method in platform.auth if told(platform.name).judge is not None else ():
            for stream in platform.streams_for(method.name):
                builder = (platform.name, stream.parse.__code__)
                case = Case(connector=platform, method=method.name, name=stream.name)
                marks = [pytest.mark.slow] if builder in built else []
                yield pytest.param(case, id=f"{platform.name}-{method.name}-{stream.name}", marks=marks)
                built.add(builder)


CASES = list(_cases())


class Listening(Sandbox):
    """A sandbox that keeps every call with its reply."""

    def __init__(self, platform: str, scale: int = 25) -> None:
        super().__init__(
            World(scale=scale), platforms=[platform], relaxed=True, auto_approve=True, sleep=lambda seconds: None
        )
        self.heard: list[tuple[Call, Reply]] = []

    def handle(self, call: Call) -> Reply:
        reply = super().handle(call)
        self.heard.append((call, reply))
        return reply

    def complaints(self, judge: Judge) -> list[str]:
        """What the judge has to say of every call and, since pages are alike, of the first reply and the last."""
        found: dict[str, None] = {}
        replies: dict[str, list[tuple[Call, Reply]]] = {}
        for call, reply in self.heard:
            if call.method == "GET" and "text/html" in reply.headers.get("content-type", ""):
                continue  # a consent page
            if reply.status == 302 or _matches(judge.undeclared, f"{call.method} {call.path}"):
                continue
            found |= dict.fromkeys(judge.document.request_complaints(call))
            replies.setdefault(call.path, []).append((call, reply))
        for pages in replies.values():
            for call, reply in (pages[0], pages[-1]):
                found |= dict.fromkeys(judge.document.reply_complaints(call, reply))
        return [one for one in found if not _matches(judge.excused, one)]


def _matches(patterns: Iterable[str], text: str) -> bool:
    return any(re.search(pattern, text) for pattern in patterns)


def rig_of(case: Case, **settings: str) -> tuple[Rig, Listening]:
    sandbox = Listening(case.connector.name)
    rig = Rig(connector=case.connector, method=case.method, sandbox=sandbox, small_pages=False)
    rig.settings |= settings
    return rig, sandbox


def judge_of(case: Case) -> Judge:
    judge = told(case.connector.name).judge
    assert judge is not None
    return judge


@pytest.mark.parametrize("case", CASES)
def test_a_stream_asks_only_what_is_specified(case: Case) -> None:
    """Read from the beginning, and again eight days later from where it ended; of parents, the first three."""
    rig, sandbox = rig_of(case)
    records, states = 0, dict[int, State]()
    for days in (0, 8):
        sandbox.advance(days=days)
        for number, parent in enumerate(rig.parents(case.stream)[:3]):
            for step in rig.walk(case.stream, states.get(number, EMPTY_STATE), parent):
                states[number], records = step.page.state, records + len(step.page.records)
    assert records
    assert sandbox.complaints(judge_of(case)) == []


@pytest.mark.parametrize("platform", sorted(PLATFORMS))
def test_a_platform_without_a_specification_says_so(platform: str) -> None:
    if told(platform).judge is None:
        assert told(platform).no_judge
        pytest.skip(told(platform).no_judge)


def test_the_judge_hears_of_a_parameter_that_does_not_exist() -> None:
    openai = connector("openai")
    case = Case(connector=openai, method="api_key", name=openai.streams_for("api_key")[0].name)
    rig, sandbox = rig_of(case)
    assert sandbox.complaints(judge_of(case)) == []
    rig.client.send(case.connector.probe("api_key", {}).with_params(depth=3))
    assert [one for one in sandbox.complaints(judge_of(case)) if "depth" in one]
