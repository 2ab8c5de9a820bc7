"""How a walk reads records of one kind: which fields there are, then what changed, deletions among it.

https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_queryall.htm
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import quote_plus

from connectors.salesforce.writes import crm_write
from connectors.sdk.base import Stream, Version
from connectors.sdk.streams import iso, present_records, value_of
from core.errors import BadReply
from core.http import JSON, Request, Response
from core.model import EMPTY_STATE, Column, Context, Deletion, Page, State

# Each version lives at least three years; the end of this one has not been announced.
# https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/api_rest_eol.htm
VERSION: Final = Version(name="v66.0", read=date(2026, 11, 28))
DATA: Final = f"/services/data/{VERSION.name}"
SCOPE: Final = "api"

_PAGE: Final = 2000
_SETTLES: Final = timedelta(minutes=10)  # a change may be stored this much after its time
_ALL_AGAIN: Final = timedelta(days=14)  # the recycle bin forgets after 15 days, and what is emptied at once never shows
_TIMES: Final = ("SystemModstamp", "LastModifiedDate", "CreatedDate")  # by which changes are found: the first there is
_LONGEST_LIST: Final = 12_000  # of the 16,384 characters that an address may have
_COMPOUND: Final = ("address", "location")  # told by their parts as well
_MORE: Final = re.compile(r"(/services/data(?:/\w[\w.]*)+)/([\w-]+)")


def crm_stream(
    kind: str,
    name: str,
    columns: tuple[Column, ...],
    about: str,
    *,
    expected: bool = False,
    read_only: Collection[str] | None = (),
) -> Stream:
    """Records of one kind. A walk asks which fields there are, then for the records in the order of their changes.

    State: {"since", "id": time and id of the last record that was read; "full": when the last full walk began}, in the
    middle of a walk {"began": when the question was asked} as well. A walk that was stopped goes on with a question of
    its own, as the platform may forget its pages. `expected`: every organization has such records, so that it is told
    where one may not see them. `read_only`: the columns that cannot be written (None: none of this kind can).
    """
    path = f"{DATA}/sobjects/{kind}"
    describe = Request(path=f"{path}/describe", optional=not expected)

    def parse(asked: Request, response: Response, state: State, context: Context) -> Page:
        if asked.path == describe.path:
            return Page(records=(), state=state, next=_query(kind, _visible(response, columns), state))
        found = present_records(response, "records")
        known = state if asked.args else {**state, "began": _asked_at(response, context)}
        following = _following(response)
        reached = _reached(found, str(known["began"]), last=following is None)
        after: State = {"full": known["began"], **known, **reached}
        kept, gone, places = _split(found)
        if following is None:
            after = _ended(after, context)
        return Page(records=kept, deleted=gone, deleted_at=places, state=after, next=following)

    return Stream(
        name=name,
        columns=columns,
        request=lambda state, context: describe,
        parse=parse,
        sweep=True,
        scopes=(SCOPE,),
        write=None if read_only is None else crm_write(path, columns, read_only),
        about=about,
    )


def _visible(response: Response, columns: Sequence[Column]) -> list[str]:
    """The names of the fields to ask for: those of columns, then as many others as an address has room for."""
    described = response.get("fields")
    if not isinstance(described, list):
        raise BadReply("the description lists no fields")
    there = [str(one["name"]) for one in described if isinstance(one, dict) and _can_be_asked_for(one)]
    first = ["Id", "IsDeleted", *_TIMES, *(column.source for column in columns)]
    names, length = list[str](), 0
    for name in dict.fromkeys([*(name for name in first if name in there), *there]):
        length += len(quote_plus(f"{name},"))
        if length > _LONGEST_LIST:
            break
        names.append(name)
    if not any(name in names for name in _TIMES):
        raise BadReply("the description has no time of change")
    return names


def _can_be_asked_for(field: Mapping[str, JSON]) -> bool:
    return "name" in field and field.get("type") not in _COMPOUND and field.get("deprecatedAndHidden") is not True


def _query(kind: str, fields: Sequence[str], state: State) -> Request:
    time, where = next(name for name in _TIMES if name in fields), ""
    if "since" in state:
        where = f" WHERE {time} >= {state['since']}"
        where += f" AND ({time} > {state['since']} OR Id > '{state['id']}')" if state.get("id") else ""
    words = ("SELECT", ",".join(fields), f"FROM {kind}{where} ORDER BY {time}, Id")
    return Request(
        path=f"{DATA}/queryAll", params={"q": " ".join(words)}, headers={"Sforce-Query-Options": f"batchSize={_PAGE}"}
    )


def _split(found: Sequence[bytes]) -> tuple[list[bytes], list[Deletion], list[int]]:
    kept, gone, places = list[bytes](), list[Deletion](), list[int]()
    for record in found:
        if value_of(record, "IsDeleted") is True:
            gone.append(Deletion(match={"id": str(value_of(record, "Id"))}))
            places.append(len(kept))
        else:
            kept.append(record)
    return kept, gone, places


def _reached(found: Sequence[bytes], began: str, *, last: bool) -> dict[str, JSON]:
    """How far a page leads. Not up to the question itself: what changed just before may still be on its way, and what
    changes after it may be passed already, or stand where it was with its new time, before older ones."""
    settled = datetime.fromisoformat(began) - _SETTLES
    times = [_changed(record) for record in found]
    if last and any(time > settled for time in times):
        return {"since": iso(settled), "id": ""}
    for time, record in zip(reversed(times), reversed(found), strict=True):
        if time <= settled:
            return {"since": iso(time), "id": str(value_of(record, "Id"))}
    return {}


def _changed(record: bytes) -> datetime:
    told = next((at for name in _TIMES if (at := value_of(record, name))), None)
    if not isinstance(told, str):
        raise BadReply("a record tells no time of change")
    return datetime.fromisoformat(told)


def _following(response: Response) -> Request | None:
    """The next page, which is told as a path on the organization's own host and followed as nothing else."""
    if response.get("done") is True:
        return None
    found = _MORE.fullmatch(str(response.get("nextRecordsUrl", "")))
    if found is None:
        raise BadReply("the reply neither ends the list nor tells its next page")
    return Request(path=f"{found[1]}/{{locator}}", args={"locator": found[2]})


def _ended(after: State, context: Context) -> State:
    """The state between walks; empty where it is time to read everything anew."""
    if context.now - datetime.fromisoformat(str(after["full"])) >= _ALL_AGAIN:
        return EMPTY_STATE
    return {name: value for name, value in after.items() if name != "began"}


def _asked_at(response: Response, context: Context) -> str:
    """When the question was asked by the platform's clock, which its replies tell; else by ours."""
    try:
        told = parsedate_to_datetime(response.headers.get("date", ""))
    except ValueError:
        told = context.now
    return iso(told if told.tzinfo else told.replace(tzinfo=UTC))
