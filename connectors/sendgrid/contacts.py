"""All contacts of SendGrid, which come by an export; and between exports what a search finds to have changed.

https://www.twilio.com/docs/sendgrid/api-reference/contacts/export-contacts
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from connectors.sdk.base import Stream
from connectors.sdk.bodies import MAX_BODY_BYTES
from connectors.sdk.streams import iso, present_records, with_members
from connectors.sendgrid.writes import CONTACT_WRITE
from core.errors import BadReply, StateReset
from core.http import JSON, Request, Response
from core.model import EMPTY_STATE, Column, Context, Page, State

_EXPORTS: Final = "/v3/marketing/contacts/exports"
_FILE_MB: Final = 16  # of several files, so that none is larger than what is read at once
_OVERLAP: Final = timedelta(minutes=10)
_ALL_AGAIN: Final = timedelta(days=7)
_GZIP: Final = b"\x1f\x8b"


def _begin() -> Request:
    return Request(method="POST", path=_EXPORTS, json={"file_type": "json", "max_file_size": _FILE_MB})


def _look(export: JSON) -> Request:
    return Request(path=f"{_EXPORTS}/{{id}}", args={"id": str(export)})


def _search(since: JSON) -> Request:
    query = f"updated_at > TIMESTAMP '{since}'"
    return Request(method="POST", path="/v3/marketing/contacts/search", json={"query": query})


def _fetch(urls: Sequence[str]) -> Request:
    """The first of these files. The addresses are secret: those that follow travel in `args`, never in the state."""
    parts = urlsplit(urls[0])
    return Request(
        base=f"{parts.scheme}://{parts.netloc}",
        path=parts.path.replace("{", "%7B").replace("}", "%7D"),
        params=dict(parse_qsl(parts.query, keep_blank_values=True)),
        headers={"Accept": "*/*"},
        args={"following": "\n".join(urls[1:])} if urls[1:] else {},
        authorized=False,
    )


def _request(state: State, context: Context) -> Request:
    if "export" in state:
        return _look(state["export"])
    return _search(state["since"]) if "since" in state else _begin()


def _parse(asked: Request, response: Response, state: State, context: Context) -> Page:
    if not asked.authorized:
        return _file(asked, response, state)
    if asked.path == _EXPORTS:
        export = response.get("id")
        if export is None:
            raise BadReply("the reply does not tell the id of the export")
        after: State = {"export": export, "began": iso(context.now)}
        return Page(records=(), state=after, next=_look(export))
    if asked.method == "GET":
        return _made(response, state)
    return _changed(response, state, context)


def _made(response: Response, state: State) -> Page:
    """A state without files that wait means that all of them do."""
    if response.get("status") != "ready":
        raise StateReset("the export failed, or was forgotten", advice="It is asked for again.")
    urls = [str(url) for url in response.get("urls") or ()][int(str(state.get("file", 0))) :]
    if not urls:
        return Page(records=(), state=_between(state))
    return Page(records=(), state=state, next=_fetch(urls))


def _file(asked: Request, response: Response, state: State) -> Page:
    records = [_contact(line) for line in _unzipped(response.body).splitlines() if line.strip()]
    following = asked.args.get("following", "")
    if not following:
        return Page(records=records, state=_between(state))
    after = {**state, "file": int(str(state.get("file", 0))) + 1}
    return Page(records=records, state=after, next=_fetch(following.split("\n")))


def _between(state: State) -> State:
    return {"since": _earlier(str(state["began"])), "full": state["began"]}


def _changed(response: Response, state: State, context: Context) -> Page:
    found = present_records(response, "result")
    told = response.get("contact_count", len(found))
    long_ago = context.now - datetime.fromisoformat(str(state["full"])) >= _ALL_AGAIN
    if long_ago or (isinstance(told, int) and told > len(found)):
        return Page(records=found, state=EMPTY_STATE)  # so that the next walk exports, and sees who is gone
    return Page(records=found, state={**state, "since": _earlier(iso(context.now))})


def _earlier(moment: str) -> str:
    return iso(datetime.fromisoformat(moment) - _OVERLAP)


def _contact(line: bytes) -> bytes:
    """A line of an export, which may call the id otherwise than the API does."""
    told = Response(status=200, body=line)
    other = told.get("contact_id")
    return line if told.get("id") is not None or other is None else with_members(line, {"id": other})


def _unzipped(body: bytes) -> bytes:
    """The body, unzipped where the storage served a zipped file as it is. Raises BadReply for one that is too large."""
    if body[:2] != _GZIP:
        return body
    unzip = zlib.decompressobj(wbits=31)
    try:
        text = unzip.decompress(body, MAX_BODY_BYTES)
    except zlib.error as error:
        raise BadReply("the file of the export is garbled") from error
    if not unzip.eof:
        raise BadReply("the file of the export is cut off, or larger than can be read at once")
    return text


CONTACTS: Final = Stream(
    name="contacts",
    columns=(
        Column(name="id", required=True),
        Column(name="email"),
        Column(name="first_name"),
        Column(name="last_name"),
        Column(name="phone_number"),
        Column(name="external_id"),
        Column(name="city"),
        Column(name="country"),
        Column(name="postal_code"),
        Column(name="state_province_region"),
        Column(name="address_line_1"),
        Column(name="list_ids", type="json"),
        Column(name="custom_fields", type="json"),
        Column(name="created_at", type="timestamp"),
        Column(name="updated_at", type="timestamp"),
    ),
    request=_request,
    parse=_parse,
    sweep=True,
    scopes=("marketing.read",),
    write=CONTACT_WRITE,
    about="The people that marketing mails go to.",
)
