"""HubSpot CRM, date-based version 2026-03.

Quirks, and where they are told:
- The search that finds changes gives at most 10,000 results a query, knows no archived records, and its paging offset
  is bound to that ceiling. So each page is a query of its own: sorted by id, with ids after the last one seen.
  https://developers.hubspot.com/docs/api-reference/latest/crm/search-the-crm
- A first walk uses the plain list instead: no ceiling, no 5 calls a second, and it sees every live record.
- Contacts call their time of change `lastmodifieddate`, all other types `hs_lastmodifieddate`.
- Archived records are listed apart, without a filter by time: they are read once a day, not at every sync.
- All property values are text or null. A record's properties are few unless asked for by name.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Final

from connectors.sdk.auth import ApiKey, Field, OAuth2, Settings
from connectors.sdk.base import Connector, Stream, Version
from connectors.sdk.limits import counted_headers
from connectors.sdk.oauth2 import TOKEN_ERRORS
from connectors.sdk.streams import at, present_records, token_stream, value_of
from core.classify import Disposition, ErrorRule
from core.errors import BadReply
from core.http import JSON, Request, Response
from core.model import Column, ColumnType, Context, Deletion, Page, State
from core.pacing import Limit, RateLimit

VERSION: Final = Version(name="2026-03", read=date(2026, 11, 23), ends=date(2027, 9, 30))
_OVERLAP_MS: Final = 5 * 60 * 1000  # the search lags behind writes by seconds, and clocks differ
_LIST_SIZE: Final = 100
_SEARCH_SIZE: Final = 200


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _crm_stream(kind: str, modified: str, columns: tuple[Column, ...], about: str) -> Stream:
    """Records of one CRM type. The state tells which of three walks it is in.

    {"after", "began"}: the full list. {"since"} or {"since", "began", "last_id"}: the search for changes.
    {"since", "archived_after"}: the daily look at archived records. Between walks: {"since", "archived_on"}.
    """
    properties = [column.source.removeprefix("properties/") for column in columns if "/" in column.source]
    path = f"/crm/objects/{VERSION.name}/{kind}"

    def listing(archived: bool, after: JSON) -> Request:
        asked = Request(path=path, params={"limit": _LIST_SIZE, "properties": ",".join(properties)})
        return asked.with_params(archived=str(archived).lower(), after=str(after) if after else None)

    def search(since: JSON, last_id: JSON) -> Request:
        filters: list[JSON] = [{"propertyName": modified, "operator": "GTE", "value": str(since)}]
        if last_id:
            filters.append({"propertyName": "hs_object_id", "operator": "GT", "value": str(last_id)})
        body: dict[str, JSON] = {
            "filterGroups": [{"filters": filters}],
            "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
            "properties": list(properties),
            "limit": _SEARCH_SIZE,
        }
        return Request(method="POST", path=f"{path}/search", json=body)

    def request(state: State, context: Context) -> Request:
        if "archived_after" in state:
            return listing(True, state["archived_after"])
        if "since" in state:
            return search(state["since"], state.get("last_id"))
        return listing(False, state.get("after"))

    def parse(asked: Request, response: Response, state: State, context: Context) -> Page:
        records = present_records(response, "results")
        after = response.get("paging/next/after")
        if asked.method == "GET" and asked.params["archived"] == "true":
            return _archived_page(records, after, state)
        began = state.get("began") or _milliseconds(context.now)
        if asked.method == "GET" and after is not None:
            return Page(records=records, state={"after": after, "began": began}, next=listing(False, after))
        if asked.method == "POST" and after is not None:
            if not records:
                raise BadReply("the search tells of more records, and holds none to go on from")
            last = str(value_of(records[-1], "id"))
            middle = {**state, "began": began, "last_id": last}
            return Page(records=records, state=middle, next=search(state["since"], last))
        today = context.now.astimezone(UTC).date().isoformat()
        since = int(str(began)) - _OVERLAP_MS
        if asked.method == "GET":
            # It sweeps what it did not see, so the archived need no look on the day it began: a walk that was held up
            # for days has seen records that are archived since.
            seen = datetime.fromtimestamp(int(str(began)) / 1000, UTC).date().isoformat()
            return Page(records=records, state={"since": since, "archived_on": seen})
        if state.get("archived_on") == today:
            return Page(records=records, state={"since": since, "archived_on": today})
        middle = {"since": since, "archived_on": today, "archived_after": ""}
        return Page(records=records, state=middle, next=listing(True, None))

    def _archived_page(records: list[bytes], after: JSON, state: State) -> Page:
        gone = [Deletion(match={"id": str(value_of(record, "id"))}) for record in records]
        between = {name: state[name] for name in ("since", "archived_on")}
        if after is None:
            return Page(records=(), deleted=gone, state=between)
        return Page(records=(), deleted=gone, state={**between, "archived_after": after}, next=listing(True, after))

    return Stream(
        name=kind,
        columns=(*_COMMON, *columns),
        request=request,
        parse=parse,
        sweep=True,
        scopes=(f"crm.objects.{kind}.read",) if kind != "tickets" else ("tickets",),
        about=about,
    )


_COMMON: Final = (
    Column(name="id", required=True, pattern=r"\d+"),
    Column(name="created_at", type="timestamp", path="createdAt", required=True),
    Column(name="updated_at", type="timestamp", path="updatedAt", required=True),
    Column(name="archived", type="boolean"),
)


def _property(name: str, type_: ColumnType = "text") -> Column:
    return Column(name=name, path=f"properties/{name}", type=type_)


CONTACTS: Final = _crm_stream(
    "contacts",
    "lastmodifieddate",
    (
        _property("email"),
        _property("firstname"),
        _property("lastname"),
        _property("phone"),
        _property("company"),
        _property("jobtitle"),
        _property("country"),
        _property("lifecyclestage"),
        _property("hs_lead_status"),
        _property("hubspot_owner_id"),
        _property("createdate", "timestamp"),
        _property("lastmodifieddate", "timestamp"),
    ),
    "The people of the CRM.",
)
COMPANIES: Final = _crm_stream(
    "companies",
    "hs_lastmodifieddate",
    (
        _property("name"),
        _property("domain"),
        _property("industry"),
        _property("city"),
        _property("country"),
        _property("numberofemployees", "integer"),
        _property("annualrevenue", "number"),
        _property("lifecyclestage"),
        _property("hubspot_owner_id"),
        _property("createdate", "timestamp"),
        _property("hs_lastmodifieddate", "timestamp"),
    ),
    "The organisations of the CRM.",
)
DEALS: Final = _crm_stream(
    "deals",
    "hs_lastmodifieddate",
    (
        _property("dealname"),
        _property("amount", "number"),
        _property("dealstage"),
        _property("pipeline"),
        _property("closedate", "timestamp"),
        _property("hubspot_owner_id"),
        _property("createdate", "timestamp"),
        _property("hs_lastmodifieddate", "timestamp"),
    ),
    "The deals, with amount and stage.",
)
TICKETS: Final = _crm_stream(
    "tickets",
    "hs_lastmodifieddate",
    (
        _property("subject"),
        _property("hs_pipeline"),
        _property("hs_pipeline_stage"),
        _property("hs_ticket_priority"),
        _property("hubspot_owner_id"),
        _property("createdate", "timestamp"),
        _property("hs_lastmodifieddate", "timestamp"),
    ),
    "The service tickets.",
)
OWNERS: Final = token_stream(
    name="owners",
    ask=lambda context: Request(path=f"/crm/owners/{VERSION.name}", params={"limit": 100}),
    records="results",
    next_token=at("paging/next/after"),
    token_param="after",
    columns=(
        Column(name="id", required=True, pattern=r"\d+"),
        Column(name="email"),
        Column(name="first_name", path="firstName"),
        Column(name="last_name", path="lastName"),
        Column(name="user_id", type="integer", path="userId"),
        Column(name="archived", type="boolean"),
        Column(name="created_at", type="timestamp", path="createdAt"),
        Column(name="updated_at", type="timestamp", path="updatedAt"),
    ),
    scopes=("crm.objects.owners.read",),
    about="The users that records belong to.",
)


def _discover(response: Response) -> Settings:
    portal = response.get("portalId")
    return {"account": f"portal {portal}", "portal_id": portal, "time_zone": response.get("timeZone")}


_STATIC_TOKEN: Final = r"pat-[a-z]{2}\d-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_SCOPES: Final = (
    "crm.objects.contacts.read",
    "crm.objects.companies.read",
    "crm.objects.deals.read",
    "crm.objects.owners.read",
    "tickets",
)

CONNECTOR: Final = Connector(
    name="hubspot",
    title="HubSpot",
    category="crm",
    base_url="https://api.hubapi.com",
    hosts=("api.hubapi.com",),
    auth=(
        ApiKey(
            name="service_key",
            title="Service key or private app token",
            fields=(
                Field(
                    name="token",
                    title="Token",
                    pattern=_STATIC_TOKEN,
                    help="In HubSpot: Development > Keys > Service keys. It begins with pat-.",
                ),
            ),
        ),
        OAuth2(
            authorize_url="https://app.hubspot.com/oauth/authorize",
            token_url=f"https://api.hubapi.com/oauth/{VERSION.name}/token",
            scopes=_SCOPES,
            fields=(
                Field(name="client_id", title="Client ID", secret=False),
                Field(name="client_secret", title="Client secret"),
            ),
        ),
    ),
    probe=lambda method, settings: Request(path=f"/account-info/{VERSION.name}/details"),
    discover=_discover,
    streams=(CONTACTS, COMPANIES, DEALS, TICKETS, OWNERS),
    rate_limit=RateLimit(
        # Published: 110 per 10 s for OAuth apps, 100 for static tokens of the smallest plan; the headers tell the rest.
        # https://developers.hubspot.com/docs/developer-tooling/platform/usage-guidelines
        limits=(
            Limit(bucket="search", requests=5, seconds=1, paths=(r"^POST .*/search$",)),
            Limit(bucket="burst", requests=100, seconds=10, paths=(r"^(?!POST .*/search$)",)),
        ),
        dialect=counted_headers(
            remaining="x-hubspot-ratelimit-remaining",
            reset="x-hubspot-ratelimit-interval-milliseconds",
            form="milliseconds",
            bucket=lambda request: "burst",
        ),
    ),
    # https://developers.hubspot.com/docs/api-reference/error-handling
    errors=(
        *TOKEN_ERRORS,
        ErrorRule(
            disposition=Disposition.CREDENTIAL_REJECTED, status=401, path="category", equals="INVALID_AUTHENTICATION"
        ),
        ErrorRule(
            disposition=Disposition.CREDENTIAL_REJECTED,
            status=530,
            advice="The token is malformed. Copy it again, whole: integrations connect hubspot --name {name}",
        ),
        ErrorRule(disposition=Disposition.RATE_LIMITED, status=429, path="policyName", equals="DAILY", retry_in=3600),
        ErrorRule(disposition=Disposition.RATE_LIMITED, status=429, path="policyName", equals="SECONDLY", retry_in=1),
        ErrorRule(disposition=Disposition.RATE_LIMITED, status=429, retry_in=10),
        ErrorRule(disposition=Disposition.RETRY, status=423, retry_in=2),
        ErrorRule(disposition=Disposition.RETRY, status=477, retry_in=10),
    ),
    version=VERSION,
    unverified=(
        "Date filters of the search take milliseconds since 1970 as text; the overlap of five minutes covers rounding.",
        "Archived records stay listed for about 90 days: after a longer pause, a full sync finds what went.",
        "The account endpoint also answers static tokens; it is what a connection test asks.",
    ),
    docs="https://developers.hubspot.com/docs/api-reference/overview",
)
