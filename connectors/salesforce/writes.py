"""How records are written. https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/using_resources_working_with_records.htm

An update says how old the record is that it changes, to the second, and is refused where it is younger: 412. A delete
cannot say so: what stands there is compared before. What is null is cleared. Fields of the organization's own are
written by their names, which end with __c. A create that carries the field named in the setting `external_id` changes
the record that has this value there, and makes one where none has; where several have it nothing is done: 300.
https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/intro_rest_conditional_requests.htm
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Final

from connectors.sdk.auth import Field
from connectors.sdk.writing import Key, Record, Write, body_of
from core.http import Request, Response
from core.model import Column, Context

EXTERNAL_ID: Final = Field(
    name="external_id",
    title="Field with your own ids",
    secret=False,
    optional=True,
    pattern=r"[A-Za-z]\w*__c",
    help="Its name, such as ERP_Id__c, where records that are created shall be found by it. Else leave it empty.",
)
_SET_BY_PLATFORM: Final = frozenset(
    ("id", "created_date", "created_by_id", "last_modified_date", "last_modified_by_id", "system_modstamp")
)


def crm_write(path: str, columns: tuple[Column, ...], read_only: Collection[str]) -> Write:
    """Writes of one kind, whose records are at `path`; columns that are `read_only` are not written."""
    writable = tuple(c for c in columns if c.name not in _SET_BY_PLATFORM and c.name not in read_only)

    def body(record: Record) -> dict[str, Any]:
        own = {name: value for name, value in record.items() if name.endswith("__c")}
        return body_of(writable, {name: value for name, value in record.items() if name not in own}) | own

    def create(record: Record, context: Context) -> Request:
        members, field = body(record), str(context.settings.get(EXTERNAL_ID.name) or "")
        value = members.pop(field, None)
        if value in (None, ""):
            return Request(method="POST", path=path, json=members, repeatable=False)
        args = {"field": field, "value": str(value)}
        return Request(method="PATCH", path=f"{path}/{{field}}/{{value}}", args=args, json=members)

    def update(key: Key, changes: Record, version: str | None, context: Context) -> Request:
        guard = {} if version is None else {"If-Unmodified-Since": _http_date(version)}
        return Request(method="PATCH", path=f"{path}/{{id}}", args={"id": key["id"]}, json=body(changes), headers=guard)

    def delete(key: Key, version: str | None, context: Context) -> Request:
        return Request(method="DELETE", path=f"{path}/{{id}}", args={"id": key["id"]})

    return Write(
        writable=tuple(column.name for column in writable),
        create=create,
        update=update,
        delete=delete,
        read=lambda key, context: Request(path=f"{path}/{{id}}", args={"id": key["id"]}),
        version_of=_modified,
        control="unmodified since",
        scopes=("api",),
        about="Also fields of your own (__c). With the setting `external_id`, a create changes the record of that id.",
    )


def _modified(response: Response) -> str | None:
    found = response.get("SystemModstamp")
    return str(found) if found is not None else None


def _http_date(moment: str) -> str:
    """RFC 9110, 5.6.7."""
    return format_datetime(datetime.fromisoformat(moment).astimezone(UTC), usegmt=True)
