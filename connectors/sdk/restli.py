"""Rest.li 2.0, the protocol of LinkedIn's interfaces: finders, lists by `start` and `count`, spans of time.

https://learn.microsoft.com/en-us/linkedin/shared/api-guide/concepts/protocol-version
https://learn.microsoft.com/en-us/linkedin/shared/api-guide/concepts/pagination
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from urllib.parse import parse_qs, urlsplit

from core.errors import BadReply
from core.http import Params, Request, Response

ELEMENTS: Final = "elements"
SIZE: Final = 100
PROTOCOL: Final = {"X-Restli-Protocol-Version": "2.0.0"}
_METHOD: Final = "X-RestLi-Method"
PARTIAL_UPDATE: Final[Mapping[str, str]] = {_METHOD: "PARTIAL_UPDATE"}
DELETE: Final[Mapping[str, str]] = {_METHOD: "DELETE"}


def finder(path: str, name: str, params: Params, *, paged: bool = False) -> Request:
    """The question of a finder of this name; `paged` where its list goes by `start` and `count`."""
    pages: Params = {"count": SIZE, "start": 0} if paged else {}
    return Request(path=path, params={"q": name, **params, **pages}, headers={_METHOD: "FINDER"})


def by_day(begin: date, end: date) -> str:
    """The query for figures of these days, both included. The brackets, colons and commas of a structure are raw."""
    span = f"start:{_milliseconds(begin)},end:{_milliseconds(end + timedelta(days=1))}"
    return f"timeIntervals=(timeRange:({span}),timeGranularityType:DAY)"


def _milliseconds(day: date) -> int:
    return int(datetime.combine(day, time(), UTC).timestamp() * 1000)


def next_start(response: Response, records: Sequence[bytes]) -> int | None:
    """Where the next page begins. Long pages share a twentieth with their neighbours, so that what is deleted between
    two replies moves nothing past them. A page that is not full is the last, unless it leads on to another."""
    linked = linked_start(response)
    if linked is None and len(response.records(ELEMENTS)) < _count(response):
        return None
    start = response.get("paging/start")
    if linked is None and start is None:
        raise BadReply("the reply is full, and does not tell where it stands in the list")
    return (int(start) + _count(response) if linked is None else linked) - _count(response) // 20


def _count(response: Response) -> int:
    return int(response.get("paging/count") or SIZE)


def linked_start(response: Response) -> int | None:
    """Where the address of the next page says that it begins; the address itself is not followed."""
    for link in response.get("paging/links", []):
        if isinstance(link, dict) and link.get("rel") == "next":
            begins = parse_qs(urlsplit(str(link.get("href", ""))).query).get("start", [""])[0]
            return int(begins) if begins.isdigit() else None
    return None
