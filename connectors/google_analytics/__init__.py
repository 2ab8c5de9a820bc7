"""Google Analytics (GA4): Data API and Admin API v1beta.

Quirks, and where they are told:
- A stream is a report. Values are texts, in the order of the headers; an empty report has neither rows nor their count.
  https://developers.google.com/analytics/devguides/reporting/data/v1/basics
- Days are those of the property's time zone. Data settles for two days, attribution for longer: the latest seven days
  are read again, and take the place of what was known of them.
- What is left of the quota, counted in tokens and not in calls, stands in the body where it is asked for; no header
  tells it. A day ends at midnight Pacific. https://developers.google.com/analytics/devguides/reporting/data/v1/quotas
- Ten server errors, or 10,000 mistakes of ours, lock a project out of a property for a while: neither is hammered on.
- The Admin API leaves empty lists out, so an account without properties is an empty object.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from connectors.google_analytics.streams import (
    CUSTOM_DIMENSIONS,
    DAILY_OVERVIEW,
    EVENTS,
    GEO_DEVICES,
    KEY_EVENTS,
    METADATA,
    PAGES,
    PROPERTIES,
    READ_SCOPE,
    REALTIME,
    TRAFFIC_ACQUISITION,
    metadata_request,
)
from connectors.google_analytics.writes import ADMIN
from connectors.sdk.auth import Field, Settings
from connectors.sdk.base import Connector, Version
from connectors.sdk.google import PACIFIC, TOKEN_HOST, google_errors, google_oauth2, service_account
from core.classify import Disposition, ErrorRule, seconds_to_midnight
from core.http import Request, Response
from core.pacing import Limit, Observation, RateLimit

VERSION: Final = Version(name="v1beta", read=date(2026, 11, 23))
_CHOSEN: Final = Field(
    name="property_id",
    title="Property",
    secret=False,
    pattern=r"\d{4,15}",
    optional=True,
    help="Its number (Admin > Property details; not the G-… of a stream). Empty: the first that the credential sees.",
)
_ACCESS: Final = (
    "Give the account, or the service account's address, the role Viewer on the property (in Analytics: Admin > "
    "Property access management)."
)


def _probe(method: str, settings: Settings) -> Request:
    # The Admin API need not be switched on where the property is told.
    if settings.get("property_id"):
        return metadata_request(settings)
    return Request(base=ADMIN, path="/v1beta/accountSummaries", params={"pageSize": 200})


def _details(method: str, settings: Settings) -> tuple[Request, ...]:
    number = settings.get("property_id") or settings.get("found_property_id")
    path = "/v1beta/properties/{property_id}"
    return (Request(base=ADMIN, path=path, args={"property_id": str(number)}),) if number else ()


def _discover(response: Response) -> Settings:
    name = str(response.get("name", ""))
    if name.endswith("/metadata"):
        return {"account": name.removesuffix("/metadata")}
    if name.startswith("properties/"):
        learnt = {
            "account": response.get("displayName") or name,
            "account_id": response.get("account"),
            "time_zone": response.get("timeZone"),
            "currency_code": response.get("currencyCode"),
        }
        return {key: value for key, value in learnt.items() if value}
    found: list[dict[str, Any]] = response.get("accountSummaries", [])
    for summary in found:
        for one in summary.get("propertySummaries", []):
            return {
                "account": one.get("displayName") or one["property"],
                "account_id": summary.get("account"),
                "found_property_id": one["property"].removeprefix("properties/"),
            }
    return {"account": found[0].get("displayName", "") if found else ""}


# Rate limits. The kinds of report are counted apart; the numbers are those of a property of the Standard level.

_CATEGORIES: Final = {"core": r":runReport$|/metadata$", "realtime": r":runRealtimeReport$"}
_TOKENS: Final = {"tokensPerDay": 200_000, "tokensPerHour": 40_000, "tokensPerProjectPerHour": 14_000}
_SERVER_ERRORS: Final = "serverErrorsPerProjectPerHour"
_HOUR: Final = 3600.0


def _limits() -> tuple[Limit, ...]:
    """A call costs a token at least; replies tell how many calls are left at what they really cost."""
    return tuple(
        Limit(
            bucket=f"{category} {name}",
            requests=number,
            seconds=86400 if name == "tokensPerDay" else _HOUR,
            paths=(pattern,),
        )
        for category, pattern in _CATEGORIES.items()
        for name, number in (*_TOKENS.items(), (_SERVER_ERRORS, 14_000))
    )


def _observe(request: Request, response: Response, now: float) -> Sequence[Observation]:
    """What `propertyQuota` tells, as calls of the cost of this one. Zeros may be left out."""
    quota: dict[str, Any] = response.get("propertyQuota", {})
    category = "realtime" if request.path.endswith(":runRealtimeReport") else "core"
    found = []
    for name in _TOKENS:
        status = quota.get(name)
        if status:
            resets = now + (seconds_to_midnight(now, PACIFIC) if name == "tokensPerDay" else _HOUR)
            left = int(status.get("remaining", 0)) // max(1, int(status.get("consumed", 0)))
            found.append(Observation(bucket=f"{category} {name}", remaining=left, resets_at=resets))
    # Good calls take nothing from the errors that are left, so only the end of them matters.
    errors = quota.get(_SERVER_ERRORS)
    if errors and not errors.get("remaining", 0):
        found.append(Observation(bucket=f"{category} {_SERVER_ERRORS}", remaining=0, resets_at=now + _HOUR))
    return found


def _exhausted(words: str, *, retry_in: float | None = None, until_midnight: str = "") -> ErrorRule:
    return ErrorRule(
        disposition=Disposition.RATE_LIMITED,
        status=(403, 429),
        path="error/message",
        contains=words,
        retry_in=retry_in,
        until_midnight=until_midnight,
    )


CONNECTOR: Final = Connector(
    name="google_analytics",
    title="Google Analytics",
    category="analytics",
    base_url="https://analyticsdata.googleapis.com",
    hosts=("analyticsdata.googleapis.com", "analyticsadmin.googleapis.com", TOKEN_HOST),
    auth=(
        google_oauth2(READ_SCOPE, fields=(_CHOSEN,)),
        service_account(READ_SCOPE, fields=(_CHOSEN,), help=_ACCESS),
    ),
    probe=_probe,
    details=_details,
    discover=_discover,
    streams=(
        DAILY_OVERVIEW,
        TRAFFIC_ACQUISITION,
        PAGES,
        EVENTS,
        GEO_DEVICES,
        REALTIME,
        METADATA,
        PROPERTIES,
        KEY_EVENTS,
        CUSTOM_DIMENSIONS,
    ),
    rate_limit=RateLimit(
        # The Admin API: 600 a minute per user, of 1,200 per project. Refused calls of the Data API are waited for in a
        # budget of their own, because those of tokens reset much later.
        limits=(
            *_limits(),
            Limit(bucket="data", requests=600, seconds=60, paths=(r":run|/metadata$",)),
            Limit(bucket="admin", requests=600, seconds=60, paths=(r"^(?!.*(:run|/metadata$))",)),
        ),
        dialect=_observe,
        concurrency=4,  # ten at once are allowed a property
    ),
    # https://developers.google.com/analytics/devguides/reporting/data/v1/errors
    errors=(
        _exhausted("concurrent requests", retry_in=30),
        _exhausted("per day", until_midnight=PACIFIC),
        _exhausted("potentially thresholded", retry_in=1800),
        _exhausted("per hour", retry_in=1800),
        *google_errors("Google Analytics Data API (and the Google Analytics Admin API)"),
        ErrorRule(disposition=Disposition.RETRY, status=(500, 503), retry_in=20),
        ErrorRule(disposition=Disposition.SCOPE_MISSING, status=403, advice=_ACCESS),
        ErrorRule(
            disposition=Disposition.FAIL,
            status=400,
            path="error/status",
            equals="INVALID_ARGUMENT",
            advice="A dimension or metric is not there, or not together with the others: see the stream `metadata`. "
            "Each such failure counts against a quota, so it is not tried again by itself.",
        ),
        ErrorRule(
            disposition=Disposition.FAIL,
            status=404,
            path="error/code",
            equals=404,
            advice="There is no such property. Look up its number in Analytics (Admin > Property details), then "
            "connect again with it: integrations connect {platform} --name {name}",
        ),
    ),
    version=VERSION,
    unverified=(
        "How long data settles: the latest seven days are read again.",
        "The words by which exhausted quotas are told apart; other words are backed off from.",
        "That an account without properties is an empty object.",
        "The number of dimensions and metrics that one report may have: ours have five and nine at most.",
    ),
    docs="https://developers.google.com/analytics/devguides/reporting/data/v1",
)
