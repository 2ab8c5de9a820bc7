"""Streams built from values, for the ways of paging that platforms share.

Each function gives an ordinary `Stream`, so there is no border between declared and coded streams: a platform's own
quirk is a pair of functions of the same shapes in that platform's file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import msgspec

from connectors.sdk.base import Stream
from core.errors import BadReply
from core.http import JSON, Request, Response
from core.model import EMPTY_STATE, Column, Context, Deletion, Page, State

NextToken = Callable[[Response, Sequence[bytes]], str | int | None]
Ask = Callable[[Context], Request]


def at(path: str) -> NextToken:
    """The next page's token stands at `path`; the walk ends where it is absent or empty."""

    def find(response: Response, records: Sequence[bytes]) -> str | None:
        found = response.get(path)
        return str(found) if found not in (None, "") else None

    return find


def one_page(response: Response, records: Sequence[bytes]) -> str | None:
    """The list has no pages: all of it is in one reply."""
    return None


def while_present(path: str, token: NextToken) -> NextToken:
    """The token that `token` finds, as long as something stands at `path`: where a last page has cursors as well."""
    return lambda response, records: None if response.get(path) in (None, "") else token(response, records)


def in_url(path: str, param: str) -> NextToken:
    """The token is a query parameter of the address at `path`, which itself is not followed: it may lead anywhere."""

    def find(response: Response, records: Sequence[bytes]) -> str | None:
        address = response.get(path)
        return dict(parse_qsl(urlsplit(address).query)).get(param) if isinstance(address, str) else None

    return find


def to_page(asked: Request, param: str, token: JSON, in_body: bool = False) -> Request:
    """The same question for another page: the token in the JSON body, or as a query parameter."""
    return asked.with_body(**{param: token}) if in_body else asked.with_params(**{param: str(token)})


def smaller(asked: Request, state: State) -> Page:
    """Goes on with half the records a page. Raises BadReply where one record alone is too much."""
    limit = int(str(asked.params["limit"])) // 2
    if limit < 1:
        raise BadReply("the platform finds even one record too much to tell")
    return Page(records=(), state={**state, "limit": limit}, next=asked.with_params(limit=limit))


def last_id(more: str = "has_more", field: str = "id") -> NextToken:
    """The next page begins after the last record's id, while the flag at `more` is true."""

    def find(response: Response, records: Sequence[bytes]) -> str | None:
        if response.get(more) is not True:
            return None
        if not records:
            raise BadReply("the reply tells of more records, and holds none to go on from")
        return str(value_of(records[-1], field))

    return find


def value_of(record: bytes, path: str) -> Any:
    """One value of a raw record by path, None where absent."""
    return Response(status=200, body=record).get(path)


def with_members(record: bytes, members: Mapping[str, JSON]) -> bytes:
    """A raw record (a JSON object) with these members put before its own, which are not decoded.

    For records whose meaning hangs on what stands around them, such as the time bucket they are listed in.
    """
    inner = record.lstrip()[1:]
    head = msgspec.json.encode(dict(members))[:-1]
    separator = b"" if inner.lstrip()[:1] == b"}" or not members else b","
    return head + separator + inner


def iso(moment: datetime) -> str:
    """RFC 3339 in UTC, whole seconds: 2026-01-31T09:30:00Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def present_records(response: Response, path: str, empty_count: str = "", *, bare: bool = False) -> list[bytes]:
    """The list at `path`, which must be there, be it empty. Raises BadReply where it is not.

    For walks whose end tells what is gone: a 200 that holds something else altogether must not mean that all is.
    Platforms that leave an empty list out tell the number of records instead, at `empty_count`; with `bare`, the reply
    that has no records is an object without members.
    """
    found = response.records(path)
    counted = bool(empty_count) and response.get(empty_count) is not None
    if not found and not counted and response.raw(path) is None and not (bare and response.get("") == {}):
        raise BadReply(f"the reply does not hold the list {path!r}")
    return found


def token_stream(
    *,
    name: str,
    ask: Ask,
    records: str,
    columns: tuple[Column, ...],
    next_token: NextToken = one_page,
    token_param: str = "page",
    in_body: bool = False,
    key: tuple[str, ...] = ("id",),
    sweep: bool = True,
    empty_count: str = "",
    bare: bool = False,
    **more: Any,
) -> Stream:
    """A list that is read whole at each sync, page by page: each reply tells the token of the next page.

    `empty_count`, `bare`: what an empty page has instead of a list (see `present_records`).
    State: {"page": token} in the middle of a walk, empty between walks.
    """

    def request(state: State, context: Context) -> Request:
        first = ask(context)
        return to_page(first, token_param, state["page"], in_body) if "page" in state else first

    def parse(asked: Request, response: Response, state: State, context: Context) -> Page:
        found = present_records(response, records, empty_count, bare=bare)
        token = next_token(response, found)
        if token is None:
            return Page(records=found, state=EMPTY_STATE)
        return Page(records=found, state={"page": token}, next=to_page(asked, token_param, token, in_body))

    return Stream(name=name, columns=columns, request=request, parse=parse, key=key, sweep=sweep, **more)


def object_stream(*, name: str, ask: Ask, record: str, columns: tuple[Column, ...], **more: Any) -> Stream:
    """One object, read at each sync: a snapshot a day, because its counters' history is the point."""

    def request(state: State, context: Context) -> Request:
        return ask(context)

    def parse(asked: Request, response: Response, state: State, context: Context) -> Page:
        return Page(records=response.records(record), state=EMPTY_STATE)

    return Stream(name=name, columns=columns, request=request, parse=parse, mode="snapshot", **more)


def newest_first(
    *,
    name: str,
    ask: Ask,
    records: str,
    columns: tuple[Column, ...],
    next_token: NextToken,
    token_param: str,
    since_param: str,
    id_field: str = "id",
    settled: Callable[[datetime], int] | None = None,
    **more: Any,
) -> Stream:
    """A timeline told newest first, with numeric ids that grow: read down to the newest id of the last walk.

    That id may only move when the walk has reached its end, or a stop in the middle would leave a gap behind it.
    `settled(now)` is the id up to which records no longer change: later ones are read again at each walk, because
    their counters still move. State: {"since": id} between walks, with {"newest": id, "page": token} in the middle.
    """

    def request(state: State, context: Context) -> Request:
        first = ask(context)
        if "since" in state:
            first = first.with_params(**{since_param: str(state["since"])})
        return first.with_params(**{token_param: str(state["page"])}) if "page" in state else first

    def parse(asked: Request, response: Response, state: State, context: Context) -> Page:
        found = response.records(records)
        ids = [str(value_of(record, id_field)) for record in found]
        # Snowflake ids are numbers in text: "99" is before "100".
        newest = max([*ids, *(str(state[k]) for k in ("newest", "since") if k in state)], key=int, default=None)
        token = next_token(response, found)
        if token is None:
            if newest is None:
                return Page(records=found, state=EMPTY_STATE)
            since = min(int(newest), settled(context.now)) if settled else int(newest)
            return Page(records=found, state={"since": str(since)})
        middle: dict[str, JSON] = {"newest": newest, "page": token}
        if "since" in state:
            middle["since"] = state["since"]
        return Page(
            records=found,
            state={k: v for k, v in middle.items() if v is not None},
            next=asked.with_params(**{token_param: token}),
        )

    return Stream(name=name, columns=columns, request=request, parse=parse, **more)


DEFAULT_OVERLAP: Final = timedelta(minutes=5)


def offset_stream(
    *,
    name: str,
    ask: Ask,
    records: str,
    columns: tuple[Column, ...],
    total: str,
    size: int,
    common: int = 10,
    offset_param: str = "offset",
    size_param: str = "count",
    since_param: str | None = None,
    overlap: timedelta = DEFAULT_OVERLAP,
    forget_after: timedelta | None = None,
    sweep: bool = True,
    **more: Any,
) -> Stream:
    """A list read by offset, several pages at once, because the first reply tells the total.

    Neighbouring pages have `common` records in common: so many may vanish from the list between two replies
    without one that stays being missed. With `since_param` only what changed since the last walk began is read, less
    an overlap for clocks that differ and for what the platform shows late; `forget_after` that long the state is
    forgotten, so that a full walk finds what vanished without being told. State: {"since": time, "full": time of the
    last full walk} between walks; in the middle of one {"offset": n, "began": time} and those two where known.
    """
    step = size - common

    def request(state: State, context: Context) -> Request:
        first = ask(context).with_params(**{size_param: size, offset_param: int(str(state.get("offset", 0)))})
        return first.with_params(**{since_param: str(state["since"])}) if since_param and "since" in state else first

    def parse(asked: Request, response: Response, state: State, context: Context) -> Page:
        found = response.records(records)
        offset = int(str(asked.params[offset_param]))
        began = str(state.get("began") or iso(context.now))
        if offset + size < _count(response, total):
            middle: dict[str, JSON] = {"offset": offset + step, "began": began}
            middle |= {name: state[name] for name in ("since", "full") if name in state}
            return Page(records=found, state=middle, next=asked.with_params(**{offset_param: offset + step}))
        if since_param is None:
            return Page(records=found, state=EMPTY_STATE)
        full = str(state.get("full") or began)
        if forget_after is not None and _moment(began) - _moment(full) >= forget_after:
            return Page(records=found, state=EMPTY_STATE)
        return Page(records=found, state={"since": iso(_moment(began) - overlap), "full": full})

    def ahead(asked: Request, response: Response) -> Iterator[Request]:
        begin = int(str(asked.params[offset_param])) + step
        offsets = range(begin, _count(response, total) - common, step)
        return (asked.with_params(**{offset_param: offset}) for offset in offsets)

    return Stream(name=name, columns=columns, request=request, parse=parse, ahead=ahead, sweep=sweep, **more)


def _count(response: Response, path: str) -> int:
    found = response.get(path)
    if not isinstance(found, int):
        raise BadReply(f"the reply does not tell the total at {path!r}")
    return found


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


Split = Callable[[Sequence[bytes], bool], tuple[list[bytes], list[Deletion], list[int]]]


def delta_stream(
    *,
    name: str,
    ask: Ask,
    resume: Callable[[str, Context], Request],
    cursor: str,
    more_flag: str,
    split: Split,
    records: str,
    columns: tuple[Column, ...],
    **more: Any,
) -> Stream:
    """A feed whose cursor is the state: the first walk lists all, each later one what changed, deletions included.

    `split(entries, listing)` parts the entries of a reply into records and deletions, with the number of records
    before each; `listing` is true in the first walk. State: {"cursor": text}, in the first walk with {"listing": true}.
    """

    def request(state: State, context: Context) -> Request:
        return resume(str(state["cursor"]), context) if "cursor" in state else ask(context)

    def parse(asked: Request, response: Response, state: State, context: Context) -> Page:
        listing = not state or state.get("listing") is True
        found, deleted, deleted_at = split(present_records(response, records), listing)
        after = response.get(cursor)
        if not isinstance(after, str) or not after:
            raise BadReply(f"the reply has no cursor at {cursor!r}")
        goes_on = response.get(more_flag) is True
        return Page(
            records=found,
            deleted=deleted,
            deleted_at=deleted_at,
            state={"cursor": after, "listing": True} if listing and goes_on else {"cursor": after},
            next=resume(after, context) if goes_on else None,
        )

    return Stream(name=name, columns=columns, request=request, parse=parse, **more)
