"""One stream of one connector by one way to authenticate: what a check is about."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from os.path import commonpath
from typing import Any, Final
from urllib.parse import urlsplit

from connectors.sdk.base import Connector, Stream
from connectors.sdk.driver import Step
from core.http import Response
from core.model import EMPTY_STATE, State
from sandbox.faults import Fault
from tests.contract.rig import Rig, sandbox_of
from tests.contract.rows import Parent, Rows

SMALL: Final = 60
# Streams that count their pages themselves keep their own page size, so that they need more records for several pages.
LARGE: Final = 1100


class Inapplicable(Exception):
    """The check asks for something that, by the connector's own words, does not exist here."""


@dataclass(frozen=True, kw_only=True)
class Case:
    connector: Connector
    method: str
    name: str

    @property
    def stream(self) -> Stream:
        return self.connector.stream(self.name)

    @property
    def scale(self) -> int:
        """How many people it takes for several pages."""
        return LARGE if self.stream.ahead else SMALL

    def rig(self, scale: int = SMALL) -> Rig:
        """A fresh sandbox with this integration connected."""
        return Rig(connector=self.connector, method=self.method, sandbox=sandbox_of(self.connector.name, scale))

    def paged(self) -> tuple[Rig, Parent | None, list[Step]]:
        """A rig whose first walk, which is given, takes several pages."""
        rig = self.rig(self.scale)
        parent = rig.parents(self.stream)[0]
        steps = list(rig.walk(self.stream, parent=parent))
        if len(steps) < 2:
            raise Inapplicable("its first walk is one page")
        return rig, parent, steps

    def fault(self, rig: Rig, kind: str, *, nth: int = 1, times: int = 1, **args: Any) -> None:
        """Plans a fault for calls at the address of this stream's first request; one that is not for the first call,
        at whatever the addresses have in common that it asked so far."""
        parent = rig.parents(self.stream)[0]
        request = self.stream.request(EMPTY_STATE, rig.context(parent))
        base = request.base or self.connector.base_url.format_map(rig.settings)
        others = [call.path.partition("{")[0] for call in rig.calls if call.purpose == self.name and nth > 1]
        elsewhere = [path for path in others if not request.path.startswith(path)]
        place = f"{urlsplit(base).hostname}{commonpath([request.filled_path, *elsewhere])}*"
        rig.sandbox.plan(Fault(match=place, nth=nth, kind=kind, args=args, times=times))


def cases(connectors: Sequence[Connector]) -> Iterator[Case]:
    """Each stream once, by the first way to authenticate that can read it."""
    for connector in connectors:
        done: set[str] = set()
        for method in connector.auth:
            for stream in connector.streams_for(method.name):
                if stream.name not in done:
                    done.add(stream.name)
                    yield Case(connector=connector, method=method.name, name=stream.name)


Check = Callable[[Case], None]


def rows_of(case: Case, parent: Parent | None, steps: Sequence[Step], rig: Rig) -> Rows:
    """The rows that the steps of one walk leave behind."""
    rows = Rows(case.stream)
    rows.begin(parent)
    for step in steps:
        rows.take(step, rig.sandbox.now())
    return rows


def saved(state: State) -> State:
    """The state as it comes back from where it was saved."""
    try:
        back: State = json.loads(json.dumps(dict(state)))
    except TypeError as error:
        raise AssertionError(f"the state is not JSON: {error}") from error
    return back


def records(steps: Sequence[Step]) -> list[bytes]:
    return [bytes(record) for step in steps for record in step.page.records]


_MORE: Final = ("next", "next_token", "next_page", "nextPageToken", "next_page_token", "has_more", "hasMore")
_URLS: Final = ("nextRecordsUrl", "nextLink", "@odata.nextLink")
_TOTALS: Final = ("total", "total_items", "totalSize", "totalItems", "total_count")


def tells_more(response: Response) -> list[str]:
    """Where a reply says, in any of the usual ways, that there is another page. Records are not looked into."""
    return [name for name, value in _members(response.get("")) if name in (*_MORE, *_URLS) and value not in (None, "")]


def told_total(response: Response) -> int:
    """The number of records that a reply says there are, 0 where it does not."""
    return max((v for n, v in _members(response.get("")) if n in _TOTALS and isinstance(v, int)), default=0)


_INNER: Final = ("results",)  # of the buckets that figures are told in


def told_records(response: Response, names: Sequence[str]) -> int:
    """How many records a reply holds: the elements of its lists of these names, counted at the innermost."""
    return _elements(response.get(""), frozenset((*names, *_INNER)))


def _elements(document: Any, names: frozenset[str]) -> int:
    if isinstance(document, list):
        return sum(_elements(element, names) if _holds(element, names) else 1 for element in document)
    if not isinstance(document, Mapping):
        return 0
    return sum(_elements(value, names) for name, value in document.items() if name in names and _is_list(value))


def _holds(element: Any, names: frozenset[str]) -> bool:
    return isinstance(element, Mapping) and any(_is_list(element.get(name)) for name in names)


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def _members(document: Any) -> Iterator[tuple[str, Any]]:
    for name, value in document.items() if isinstance(document, Mapping) else ():
        yield name, None if value is False else value
        yield from _members(value)
