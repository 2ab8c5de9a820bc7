"""What is read of HubSpot: records of the CRM by list, search and the daily look at what was archived; owners."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Final

from connectors.hubspot.writes import crm_write
from connectors.sdk.base import Stream, Version
from connectors.sdk.streams import at, present_records, token_stream, value_of
from core.errors import BadReply
from core.http import JSON, Request, Response
from core.model import Column, ColumnType, Context, Deletion, Page, State

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
        write=crm_write(path, columns, f"crm.objects.{kind}.write" if kind != "tickets" else "tickets"),
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
PRODUCTS: Final = _crm_stream(
    "products",
    "hs_lastmodifieddate",
    (
        _property("name"),
        _property("description"),
        _property("price", "number"),
        _property("hs_sku"),
        _property("hs_cost_of_goods_sold", "number"),
        _property("hs_recurring_billing_period"),
        _property("createdate", "timestamp"),
        _property("hs_lastmodifieddate", "timestamp"),
    ),
    "What is sold.",
)
LINE_ITEMS: Final = _crm_stream(
    "line_items",
    "hs_lastmodifieddate",
    (
        _property("name"),
        _property("quantity", "number"),
        _property("price", "number"),
        _property("amount", "number"),
        _property("hs_product_id"),
        _property("hs_sku"),
        _property("hs_line_item_currency_code"),
        _property("createdate", "timestamp"),
        _property("hs_lastmodifieddate", "timestamp"),
    ),
    "What was sold with a deal: products, with quantity and price.",
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
