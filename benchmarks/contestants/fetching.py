"""How the floor and dlt read the pages: a blocking httpx client, each page decoded once by msgspec.

dlt's own REST client is slower; with this one only what it does with the records is compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Generic, TypeVar

import httpx
import msgspec

from benchmarks.contestants.base import Job
from benchmarks.records import PAGE_SIZE

_Record = TypeVar("_Record")


class Reply(msgspec.Struct, Generic[_Record]):
    """A page: its records, and what leads to the next."""

    data: list[_Record]
    next: str | None = None
    total: int = 0


def pages(job: Job, record: type[_Record]) -> Iterator[list[_Record]]:
    """The records of each page, as `record` (msgspec.Raw: the bytes that arrived; dict: decoded)."""
    decode: Any = msgspec.json.Decoder(Reply[record]).decode  # type: ignore[valid-type]
    url = job.address + job.path
    since = {"since": job.since} if job.since else {}

    def get(**params: str | int) -> Reply[_Record]:
        reply: Reply[_Record] = decode(client.get(url, params={**since, **params}).content)
        return reply

    with httpx.Client() as client:
        if job.paging == "cursor":
            after: str | None = "0"
            while after is not None:
                reply = get(after=after)
                after = reply.next
                yield reply.data
            return
        first = get(offset=0, limit=PAGE_SIZE)
        yield first.data
        with ThreadPoolExecutor(job.width) as pool:
            offsets = range(PAGE_SIZE, first.total, PAGE_SIZE)
            for reply in pool.map(lambda offset: get(offset=offset, limit=PAGE_SIZE), offsets):
                yield reply.data
