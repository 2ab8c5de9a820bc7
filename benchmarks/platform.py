"""The connector of the benchmark's platform: an ordinary one, with one list by cursor and the same by offset."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from benchmarks.records import COLUMNS, PAGE_SIZE
from connectors.sdk.auth import ApiKey, Field
from connectors.sdk.base import Connector, Stream
from connectors.sdk.streams import iso, offset_stream
from core.classify import Disposition, ErrorRule
from core.http import Request, Response
from core.model import Context, Page, State
from core.pacing import Limit, RateLimit

WIDTH: Final = 16
"""Requests in flight at most, for every contestant that sends several."""


def _path(context: Context, paging: str) -> str:
    return f"/{context.settings['records']}/{context.settings['changed']}/{context.settings['delay']}/{paging}"


def _by_cursor() -> Stream:
    """State: {"since"} between walks, with {"after", "began"} in the middle of one."""

    def request(state: State, context: Context) -> Request:
        known = {name: str(state[name]) for name in ("since", "after") if name in state}
        return Request(path=_path(context, "cursor"), params=known)

    def parse(asked: Request, response: Response, state: State, context: Context) -> Page:
        found = response.records("data")
        began = str(state.get("began") or iso(context.now))
        after = response.get("next")
        if after is None:
            return Page(records=found, state={"since": began})
        middle = {name: str(state[name]) for name in ("since",) if name in state}
        return Page(
            records=found, state={**middle, "after": after, "began": began}, next=asked.with_params(after=after)
        )

    return Stream(name="by_cursor", columns=COLUMNS, request=request, parse=parse, sweep=True)


CONNECTOR: Final = Connector(
    name="benchmark",
    title="Benchmark",
    category="crm",
    base_url="https://api.benchmark.test",
    hosts=("api.benchmark.test",),
    auth=(ApiKey(name="token", title="Token", fields=(Field(name="token", title="Token"),)),),
    probe=lambda method, settings: Request(path="/100/100/0/cursor"),
    streams=(
        _by_cursor(),
        offset_stream(
            name="by_offset",
            ask=lambda context: Request(path=_path(context, "offset")),
            records="data",
            total="total",
            size=PAGE_SIZE,
            common=0,
            size_param="limit",
            since_param="since",
            overlap=timedelta(0),
            columns=COLUMNS,
        ),
    ),
    rate_limit=RateLimit(limits=(Limit(bucket="calls", requests=1_000_000, seconds=10),), concurrency=WIDTH),
    # As many as the middle one of our platforms has that look into every reply.
    errors=tuple(ErrorRule(disposition=Disposition.FAIL, path="error/code", equals=code) for code in range(16)),
    docs="benchmarks/api.py",
)
