"""What a property is set up with, and how that is written, through the Admin API; reports cannot be written.

https://developers.google.com/analytics/devguides/config/admin/v1/rest. Nothing guards a write (no etag, no idempotency
key), so what stands there is compared before. An update names the members that it changes. Custom dimensions cannot be
deleted: they are archived.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from connectors.sdk.writing import Key, Record, Write, body_of
from core.errors import UsageError
from core.http import Request, Response
from core.model import Column, Context
from core.signing import sha256_hex

ADMIN: Final = "https://analyticsadmin.googleapis.com"
EDIT_SCOPE: Final = "https://www.googleapis.com/auth/analytics.edit"


_NAME: Final = Column(name="name", required=True, pattern=r"properties/\d+(/.+)?", about="The resource's name.")
PROPERTY_COLUMNS: Final = (
    _NAME,
    Column(name="display_name", path="displayName"),
    Column(name="property_type", path="propertyType"),
    Column(name="account"),
    Column(name="parent"),
    Column(name="industry_category", path="industryCategory"),
    Column(name="time_zone", path="timeZone"),
    Column(name="currency_code", path="currencyCode"),
    Column(name="service_level", path="serviceLevel"),
    Column(name="created_at", path="createTime", type="timestamp"),
    Column(name="updated_at", path="updateTime", type="timestamp"),
    Column(name="trashed_at", path="deleteTime", type="timestamp", about="Set while it is in the trash."),
    Column(name="expires_at", path="expireTime", type="timestamp", about="When what is in the trash goes for good."),
)
KEY_EVENT_COLUMNS: Final = (
    _NAME,
    Column(name="event_name", path="eventName", required=True),
    Column(name="counting_method", path="countingMethod"),
    Column(name="custom", type="boolean"),
    Column(name="deletable", type="boolean"),
    Column(name="default_value", path="defaultValue/numericValue", type="number"),
    Column(name="default_currency", path="defaultValue/currencyCode"),
    Column(name="created_at", path="createTime", type="timestamp"),
)
DIMENSION_COLUMNS: Final = (
    _NAME,
    Column(name="parameter_name", path="parameterName", required=True),
    Column(name="display_name", path="displayName"),
    Column(name="description"),
    Column(name="scope"),
    Column(name="disallow_ads_personalization", path="disallowAdsPersonalization", type="boolean"),
)


def _property_write(columns: tuple[Column, ...]) -> Write:
    """Writes of a property: its name, time zone, currency and industry."""
    return Write(
        writable=("display_name", "time_zone", "currency_code", "industry_category"),
        update=lambda key, changes, version, context: _update(columns, key, changes),
        read=lambda key, context: _one(key),
        created=lambda response: {"name": str(response.get("name"))},
        version_of=_text,
        control="compare",
        scopes=(EDIT_SCOPE,),
        about="Properties are neither created nor deleted here.",
    )


def _part_write(
    kind: str, columns: tuple[Column, ...], *, writable: tuple[str, ...], fixed: tuple[str, ...], archived: bool
) -> Write:
    """Writes of what belongs to a property: `kind` as in its path. `fixed` columns are those that only a create sets;
    `archived`: it cannot be deleted."""

    def create(record: Record, context: Context) -> Request:
        path = f"/v1beta/properties/{{property_id}}/{kind}"
        found = str(context.settings.get("property_id") or context.settings.get("found_property_id"))
        body = body_of(columns, record)
        return Request(method="POST", base=ADMIN, path=path, args={"property_id": found}, json=body, repeatable=False)

    def update(key: Key, changes: Record, version: str | None, context: Context) -> Request:
        for name in fixed:
            if name in changes:
                raise UsageError(f"{name} cannot be changed once it is set", advice="Create another one in its place.")
        return _update(columns, key, changes)

    def delete(key: Key, version: str | None, context: Context) -> Request:
        one = _one(key)
        if archived:
            return replace(one, method="POST", path=f"{one.path}:archive", json={})
        return replace(one, method="DELETE")

    return Write(
        writable=(*fixed, *writable),
        create=create,
        update=update,
        delete=delete,
        read=lambda key, context: _one(key),
        created=lambda response: {"name": str(response.get("name"))},
        version_of=_text,
        control="compare",
        scopes=(EDIT_SCOPE,),
        about="Deleting archives." if archived else "",
    )


def _one(key: Key) -> Request:
    """The record of a name such as properties/1/keyEvents/2. Raises UsageError for no such name."""
    steps = key["name"].split("/")
    match steps:
        case ["properties", number]:
            return Request(base=ADMIN, path="/v1beta/properties/{property_id}", args={"property_id": number})
        case ["properties", number, kind, part] if kind.isalpha():
            path = f"/v1beta/properties/{{property_id}}/{kind}/{{id}}"
            return Request(base=ADMIN, path=path, args={"property_id": number, "id": part})
    raise UsageError("the name is not one of Google Analytics", advice="It looks like properties/1/keyEvents/2.")


def _update(columns: tuple[Column, ...], key: Key, changes: Record) -> Request:
    body = body_of(columns, changes)
    return replace(_one(key), method="PATCH", params={"updateMask": ",".join(sorted(body))}, json=body)


def _text(response: Response) -> str | None:
    """Records tell no version: what stands in them is one."""
    found = response.raw("")
    return sha256_hex(found) if found is not None else None


PROPERTY_WRITE: Final = _property_write(PROPERTY_COLUMNS)
KEY_EVENT_WRITE: Final = _part_write(
    "keyEvents",
    KEY_EVENT_COLUMNS,
    writable=("counting_method", "default_value", "default_currency"),
    fixed=("event_name",),
    archived=False,
)
DIMENSION_WRITE: Final = _part_write(
    "customDimensions",
    DIMENSION_COLUMNS,
    writable=("display_name", "description", "disallow_ads_personalization"),
    fixed=("parameter_name", "scope"),
    archived=True,
)
