"""How members are written. https://mailchimp.com/developer/marketing/api/list-members/

A member's id is the MD5 of its lower-case address, so creating puts it at its place, and is the same when repeated.
Nothing guards a write: `last_changed` is compared before. Deleting archives; an empty text clears a merge field.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final

from connectors.sdk.writing import Key, Record, Write, body_of
from core.errors import UsageError
from core.http import Request, Response
from core.model import Column, Context

_ONE: Final = "/3.0/lists/{list_id}/members/{id}"
_NEW: Final = "subscribed"


def member_id(address: str) -> str:
    """The id of the member with this address."""
    return hashlib.md5(address.lower().encode(), usedforsecurity=False).hexdigest()


def member_write(columns: tuple[Column, ...]) -> Write:
    """Writes of members; the audience is named by `list_id`."""

    def body(record: Record) -> dict[str, Any]:
        written = {name: "" if value is None else value for name, value in record.items() if name != "list_id"}
        return body_of(columns, written)

    def create(record: Record, context: Context) -> Request:
        if not record.get("list_id") or not record.get("email_address"):
            raise UsageError("a member needs an audience (list_id) and an address (email_address)")
        key = {"list_id": str(record["list_id"]), "id": member_id(str(record["email_address"]))}
        members = body(record) | {"status_if_new": record.get("status") or _NEW}
        return _request("PUT", key).with_body(**members)

    def update(key: Key, changes: Record, version: str | None, context: Context) -> Request:
        return _request("PATCH", key).with_body(**body(changes))

    return Write(
        writable=("list_id", "email_address", "status", "first_name", "last_name", "language", "vip"),
        create=create,
        update=update,
        delete=lambda key, version, context: _request("DELETE", key),
        read=lambda key, context: _request("GET", key),
        created=lambda response: {name: str(response.get(name)) for name in ("list_id", "id")},
        version_of=_last_changed,
        control="compare",
        upsert=("list_id", "email_address"),
        about="Deleting archives. Who has left the audience cannot be subscribed again by a write.",
    )


def _request(method: str, key: Key) -> Request:
    return Request(method=method, path=_ONE, args={"list_id": key["list_id"], "id": key["id"]})


def _last_changed(response: Response) -> str | None:
    found = response.get("last_changed")
    return str(found) if found is not None else None
