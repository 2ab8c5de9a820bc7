"""What is read of Google Analytics: reports by day, what happens now, and what a property has been set up with."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from connectors.google_analytics.writes import (
    ADMIN,
    DIMENSION_COLUMNS,
    DIMENSION_WRITE,
    KEY_EVENT_COLUMNS,
    KEY_EVENT_WRITE,
    PROPERTY_COLUMNS,
    PROPERTY_WRITE,
)
from connectors.sdk.auth import Settings
from connectors.sdk.base import Stream
from connectors.sdk.streams import Ask, at, present_records, token_stream, with_members
from connectors.sdk.windows import today_in_utc, window_stream
from connectors.sdk.writing import Write
from core.errors import BadReply, UsageError
from core.http import JSON, Params, Request, Response
from core.model import EMPTY_STATE, Column, ColumnType, Context, Page, State

READ_SCOPE: Final = "https://www.googleapis.com/auth/analytics.readonly"
_ROWS: Final = 100_000  # of at most 250,000 a request
_STILL_CHANGING: Final = 7  # days: data settles for two, and the attribution of key events moves for longer
_FLAGS: Final[Mapping[str, str]] = {
    "samplingMetadatas": "sampled",
    "subjectToThresholding": "subjectToThresholding",
    "dataLossFromOtherRow": "dataLossFromOtherRow",
}


def property_of(settings: Settings) -> str:
    """The property that is read: the one that the person chose, else the first that the credential sees."""
    chosen = settings.get("property_id") or settings.get("found_property_id")
    if not chosen:
        raise UsageError(
            "the credential sees no Google Analytics property",
            advice="Give the account, or the service account's address, access to a property (Admin > Property access "
            "management), or connect again with the property's number.",
        )
    return str(chosen)


def _of_property(settings: Settings) -> dict[str, str]:
    return {"property_id": property_of(settings)}


def _today(context: Context) -> date:
    """The day it is where the property is, as far as its time zone is known."""
    try:
        zone = ZoneInfo(str(context.settings["time_zone"]))
    except (KeyError, ValueError, ZoneInfoNotFoundError):
        return today_in_utc(context)
    return context.now.astimezone(zone).date()


# Reports


def _rows(response: Response, context: Context) -> list[bytes]:
    """The rows of a report as objects, by the names in its headers; an empty report has no list of rows at all."""
    rows = response.get("rows", [])
    names = [str(one.get("name")) for kind in ("dimension", "metric") for one in response.get(f"{kind}Headers", [])]
    if not names and response.get("kind") is None:
        raise BadReply("the reply is no report")
    around: dict[str, JSON] = {"propertyId": property_of(context.settings)}
    metadata = response.get("metadata", {})
    around |= {name: bool(metadata.get(member)) for member, name in _FLAGS.items()}
    around |= {name: metadata[name] for name in ("currencyCode", "timeZone") if name in metadata}
    return [msgspec.json.encode(around | _row(names, row)) for row in rows]


def _row(names: Sequence[str], row: Mapping[str, Sequence[Mapping[str, str]]]) -> dict[str, str]:
    # Where a value is empty its object is.
    values = [one.get("value", "") for kind in ("dimensionValues", "metricValues") for one in row.get(kind, ())]
    if len(values) != len(names):
        raise BadReply(f"the report has {len(names)} headers and a row of {len(values)} values")
    return {name: _iso(value) if name == "date" else value for name, value in zip(names, values, strict=True)}


def _iso(day: str) -> str:
    return f"{day[:4]}-{day[4:6]}-{day[6:]}" if re.fullmatch(r"\d{8}", day) else day


def _next_offset(response: Response, records: Sequence[bytes], asked: Request) -> JSON:
    assert isinstance(asked.json, dict)
    offset, count = int(str(asked.json["offset"])), int(response.get("rowCount", 0))
    if not records and offset < count:
        raise BadReply("the report tells of more rows, and holds none to go on from")
    after = offset + len(records)
    return str(after) if after < count else None


def _named(names: Sequence[str]) -> list[JSON]:
    return [{"name": name} for name in names]


def _snake(name: str) -> str:
    return re.sub(r"(?=[A-Z])", "_", name).lower()


_TYPES: Final[Mapping[str, ColumnType]] = {"totalRevenue": "number", "userEngagementDuration": "number"}
_PROPERTY: Final = Column(name="property_id", path="propertyId", required=True, pattern=r"\d+")
_CIRCUMSTANCES: Final = (
    Column(name="sampled", type="boolean", about="Estimated from a part of the events."),
    Column(
        name="subject_to_thresholding", path="subjectToThresholding", type="boolean", about="Small rows are held back."
    ),
    Column(
        name="data_loss_from_other_row",
        path="dataLossFromOtherRow",
        type="boolean",
        about="Rare values are in (other).",
    ),
)


def _columns(dimensions: Sequence[str], metrics: Sequence[str]) -> tuple[Column, ...]:
    return (
        _PROPERTY,
        *(Column(name=_snake(name), path=name, required=True) for name in dimensions),
        *(Column(name=_snake(name), path=name, type=_TYPES.get(name, "integer")) for name in metrics),
    )


def _report(name: str, dimensions: Sequence[str], metrics: Sequence[str], *, days: int, about: str) -> Stream:
    """A report by day and these dimensions, read in windows of `days` days of the property's time zone."""

    def ask(context: Context, begin: date, end: date) -> Request:
        body: dict[str, JSON] = {
            "dateRanges": [{"startDate": begin.isoformat(), "endDate": end.isoformat()}],
            "dimensions": _named(("date", *dimensions)),
            "metrics": _named(metrics),
            "orderBys": [{"dimension": {"dimensionName": one}} for one in ("date", *dimensions)],
            "limit": str(_ROWS),
            "offset": "0",
            "returnPropertyQuota": True,
        }
        path = "/v1beta/properties/{property_id}:runReport"
        return Request(method="POST", path=path, args=_of_property(context.settings), json=body)

    day = Column(name="date", type="date", required=True, about="In the property's time zone.")
    found = _columns(dimensions, metrics)
    currency = (Column(name="currency_code", path="currencyCode"),) if "totalRevenue" in metrics else ()
    return window_stream(
        name=name,
        ask=ask,
        cut=_rows,
        columns=(found[0], day, *found[1:], *_CIRCUMSTANCES, *currency),
        key=("property_id", "date", *(_snake(one) for one in dimensions)),
        days=days,
        still_changing=_STILL_CHANGING,
        day_column="date",
        next_token=_next_offset,
        token_param="offset",
        in_body=True,
        today=_today,
        scopes=(READ_SCOPE,),
        about=about,
    )


DAILY_OVERVIEW: Final = _report(
    "daily_overview",
    (),
    (
        "activeUsers",
        "newUsers",
        "totalUsers",
        "sessions",
        "engagedSessions",
        "screenPageViews",
        "eventCount",
        "keyEvents",
        "totalRevenue",
    ),
    days=90,
    about="The property's figures day by day. Users cannot be added up over days.",
)
TRAFFIC_ACQUISITION: Final = _report(
    "traffic_acquisition",
    ("sessionDefaultChannelGroup", "sessionSource", "sessionMedium", "sessionCampaignName"),
    ("sessions", "engagedSessions", "activeUsers", "keyEvents", "totalRevenue"),
    days=14,
    about="Where sessions came from: channel, source, medium and campaign, day by day.",
)
PAGES: Final = _report(
    "pages",
    ("hostName", "pagePath"),
    ("screenPageViews", "activeUsers", "userEngagementDuration", "keyEvents"),
    days=14,
    about="Pages and how long they were looked at (seconds), day by day.",
)
EVENTS: Final = _report(
    "events",
    ("eventName",),
    ("eventCount", "totalUsers", "keyEvents"),
    days=14,
    about="Events by name, day by day.",
)
GEO_DEVICES: Final = _report(
    "geo_devices",
    ("country", "deviceCategory"),
    ("activeUsers", "newUsers", "sessions", "screenPageViews"),
    days=14,
    about="Countries and kinds of device, day by day.",
)


# What happens now

_REALTIME: Final = (("country", "deviceCategory"), ("activeUsers", "screenPageViews", "eventCount", "keyEvents"))


def _ask_realtime(state: State, context: Context) -> Request:
    dimensions, metrics = _REALTIME
    body: dict[str, JSON] = {
        "dimensions": _named(dimensions),
        "metrics": _named(metrics),
        "limit": str(_ROWS),
        "returnPropertyQuota": True,
    }
    path = "/v1beta/properties/{property_id}:runRealtimeReport"
    return Request(method="POST", path=path, args=_of_property(context.settings), json=body)


REALTIME: Final = Stream(
    name="realtime",
    columns=_columns(*_REALTIME),
    request=_ask_realtime,
    parse=lambda asked, response, state, context: Page(records=_rows(response, context), state=EMPTY_STATE),
    key=("property_id", "country", "device_category"),
    mode="snapshot",
    scopes=(READ_SCOPE,),
    about="The last 30 minutes by country and device, as of the last sync of a day.",
)


# What the property has been set up with


def _definitions(asked: Request, response: Response, state: State, context: Context) -> Page:
    found = [
        with_members(record, {"kind": kind, "propertyId": property_of(context.settings)})
        for kind in ("dimension", "metric")
        for record in present_records(response, f"{kind}s")
    ]
    return Page(records=found, state=EMPTY_STATE)


METADATA: Final = Stream(
    name="metadata",
    columns=(
        _PROPERTY,
        Column(name="kind", required=True, choices=("dimension", "metric")),
        Column(name="api_name", path="apiName", required=True),
        Column(name="ui_name", path="uiName"),
        Column(name="description"),
        Column(name="category"),
        Column(name="custom_definition", path="customDefinition", type="boolean"),
        Column(name="type", about="Of metrics."),
        Column(name="expression", about="Of calculated metrics."),
        Column(name="deprecated_api_names", path="deprecatedApiNames", type="json"),
    ),
    request=lambda state, context: metadata_request(context.settings),
    parse=_definitions,
    key=("property_id", "kind", "api_name"),
    sweep=True,
    scopes=(READ_SCOPE,),
    about="The dimensions and metrics that reports on the property may ask for.",
)


def metadata_request(settings: Settings) -> Request:
    return Request(path="/v1beta/properties/{property_id}/metadata", args=_of_property(settings))


def _ask_properties(context: Context) -> Request:
    account = context.settings.get("account_id")
    if not account:
        raise UsageError(
            "the account of the Google Analytics property is not known",
            advice="Switch on the Google Analytics Admin API in the Google Cloud console, then connect again.",
        )
    params: Params = {"filter": f"parent:{account}", "showDeleted": "true", "pageSize": 200}
    return Request(base=ADMIN, path="/v1beta/properties", params=params)


def _ask(kind: str) -> Ask:
    path = f"/v1beta/properties/{{property_id}}/{kind}"
    return lambda context: Request(base=ADMIN, path=path, args=_of_property(context.settings), params={"pageSize": 200})


def _list(records: str, ask: Ask, columns: tuple[Column, ...], write: Write, about: str) -> Stream:
    """A list of the Admin API: an empty one is an object without members."""
    return token_stream(
        name=_snake(records),
        ask=ask,
        records=records,
        bare=True,
        next_token=at("nextPageToken"),
        token_param="pageToken",
        columns=columns,
        key=("name",),
        scopes=(READ_SCOPE,),
        write=write,
        about=about,
    )


PROPERTIES: Final = _list(
    "properties",
    _ask_properties,
    PROPERTY_COLUMNS,
    PROPERTY_WRITE,
    "The properties of the account, those in the trash too.",
)
KEY_EVENTS: Final = _list(
    "keyEvents",
    _ask("keyEvents"),
    KEY_EVENT_COLUMNS,
    KEY_EVENT_WRITE,
    "The events that count as key events.",
)
CUSTOM_DIMENSIONS: Final = _list(
    "customDimensions",
    _ask("customDimensions"),
    DIMENSION_COLUMNS,
    DIMENSION_WRITE,
    "Dimensions of the property's own making.",
)
