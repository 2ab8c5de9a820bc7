"""What is read of HubSpot: records of the CRM by list, search and the daily look at what was archived; how they belong
together; owners, properties and stages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Final

from connectors.hubspot.writes import (
    COMPANY_COLUMNS,
    CONTACT_COLUMNS,
    DEAL_COLUMNS,
    LINE_ITEM_COLUMNS,
    PRODUCT_COLUMNS,
    TICKET_COLUMNS,
    crm_write,
)
from connectors.sdk.base import Stream, Version
from connectors.sdk.lookups import lookup_stream
from connectors.sdk.streams import at, present_records, token_stream, value_of, with_members
from core.errors import BadReply
from core.http import JSON, Request, Response
from core.model import EMPTY_STATE, Column, Context, Deletion, Page, State

VERSION: Final = Version(name="2026-03", read=date(2026, 11, 23), ends=date(2027, 9, 30))
_OVERLAP_MS: Final = 5 * 60 * 1000  # the search lags behind writes by seconds, and clocks differ
_LIST_SIZE: Final = 100
_SEARCH_SIZE: Final = 200


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _right(kind: str, over: str = "objects") -> str:
    """The scope that reads this type, or (over "schemas") how it is set up."""
    return f"crm.{over}.{kind}.read" if kind != "tickets" else "tickets"


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
        scopes=(_right(kind),),
        write=crm_write(path, columns, f"crm.objects.{kind}.write" if kind != "tickets" else "tickets"),
        about=about,
    )


_COMMON: Final = (
    Column(name="id", required=True, pattern=r"\d+"),
    Column(name="created_at", type="timestamp", path="createdAt", required=True),
    Column(name="updated_at", type="timestamp", path="updatedAt", required=True),
    Column(name="archived", type="boolean"),
)


CONTACTS: Final = _crm_stream("contacts", "lastmodifieddate", CONTACT_COLUMNS, "The people of the CRM.")
COMPANIES: Final = _crm_stream("companies", "hs_lastmodifieddate", COMPANY_COLUMNS, "The organisations of the CRM.")
DEALS: Final = _crm_stream("deals", "hs_lastmodifieddate", DEAL_COLUMNS, "The deals, with amount and stage.")
TICKETS: Final = _crm_stream("tickets", "hs_lastmodifieddate", TICKET_COLUMNS, "The service tickets.")
PRODUCTS: Final = _crm_stream("products", "hs_lastmodifieddate", PRODUCT_COLUMNS, "What is sold.")
LINE_ITEMS: Final = _crm_stream(
    "line_items",
    "hs_lastmodifieddate",
    LINE_ITEM_COLUMNS,
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


def _set_up(
    name: str,
    path: str,
    cut: Callable[[bytes], Sequence[bytes]],
    columns: tuple[Column, ...],
    scope: str,
    about: str,
    key: tuple[str, ...],
) -> Stream:
    """How a type is set up: a list without pages, of whose elements `cut` makes records."""

    def parse(asked: Request, response: Response, state: State, context: Context) -> Page:
        found = present_records(response, "results")
        return Page(records=[record for one in found for record in cut(one)], state=EMPTY_STATE)

    return Stream(
        name=name,
        columns=columns,
        request=lambda state, context: Request(path=path),
        parse=parse,
        key=key,
        sweep=True,
        scopes=(scope,),
        about=about,
    )


def _properties(name: str, kind: str) -> Stream:
    return _set_up(
        name,
        f"/crm/properties/{VERSION.name}/{kind}",
        lambda one: (one,),
        (
            Column(name="name", required=True),
            Column(name="label"),
            Column(name="type"),
            Column(name="field_type", path="fieldType"),
            Column(name="group_name", path="groupName"),
            Column(name="description"),
            Column(name="options", type="json", about="What may be chosen, with labels."),
            Column(name="calculated", type="boolean"),
            Column(name="has_unique_value", path="hasUniqueValue", type="boolean"),
            Column(name="hidden", type="boolean"),
            Column(name="hubspot_defined", path="hubspotDefined", type="boolean"),
            Column(name="created_at", path="createdAt", type="timestamp"),
            Column(name="updated_at", path="updatedAt", type="timestamp"),
        ),
        _right(kind, "schemas"),
        f"The properties that {kind} may have.",
        ("name",),
    )


def _stages_of(pipeline: bytes) -> list[bytes]:
    told = {name: value_of(pipeline, path) for name, path in (("pipelineId", "id"), ("pipelineLabel", "label"))}
    return [with_members(stage, told) for stage in Response(status=200, body=pipeline).records("stages")]


def _stages(name: str, kind: str, *columns: Column) -> Stream:
    return _set_up(
        name,
        f"/crm/pipelines/{VERSION.name}/{kind}",
        _stages_of,
        (
            Column(name="pipeline_id", path="pipelineId", required=True),
            Column(name="pipeline_label", path="pipelineLabel"),
            Column(name="id", required=True),
            Column(name="label"),
            Column(name="display_order", path="displayOrder", type="integer"),
            Column(name="is_closed", path="metadata/isClosed", type="boolean"),
            Column(name="created_at", path="createdAt", type="timestamp"),
            Column(name="updated_at", path="updatedAt", type="timestamp"),
            Column(name="archived", type="boolean"),
            *columns,
        ),
        _right(kind),
        f"What the stages of {kind} are called.",
        ("pipeline_id", "id"),
    )


SET_UP: Final = (
    _stages(
        "deal_stages",
        "deals",
        Column(name="probability", path="metadata/probability", type="number", about="From 0 to 1."),
    ),
    _stages("ticket_stages", "tickets"),
    _properties("contact_properties", "contacts"),
    _properties("company_properties", "companies"),
    _properties("deal_properties", "deals"),
    _properties("ticket_properties", "tickets"),
)


def _associations(name: str, kind: str, to: str, from_column: str, to_column: str, about: str) -> Stream:
    """Which records of one type belong to which of another: neither lists nor the search tell all of it."""
    places = ((from_column, "fromId"), (to_column, "toObjectId"))

    def look_up(ids: Sequence[str], context: Context) -> Request:
        inputs: list[JSON] = [{"id": one} for one in ids]
        path = f"/crm/associations/{VERSION.name}/{kind}/{to}/batch/read"
        return Request(method="POST", path=path, json={"inputs": inputs})

    def cut(response: Response, context: Context) -> list[bytes]:
        return [
            with_members(pair, {"fromId": value_of(one, "from/id")})
            for one in present_records(response, "results")
            for pair in Response(status=200, body=one).records("to")
        ]

    return lookup_stream(
        name=name,
        ask=lambda context: Request(path=f"/crm/objects/{VERSION.name}/{kind}", params={"limit": _LIST_SIZE}),
        ids=lambda response: [str(value_of(one, "id")) for one in present_records(response, "results")],
        look_up=look_up,
        cut=cut,
        next_token=at("paging/next/after"),
        token_param="after",
        columns=(
            *(Column(name=column, path=path, required=True, pattern=r"\d+") for column, path in places),
            Column(name="types", path="associationTypes", type="json", about="How they belong together, with labels."),
        ),
        key=(from_column, to_column),
        sweep=True,
        scopes=(_right(kind), _right(to)),
        about=about,
    )


ASSOCIATIONS: Final = (
    _associations("deal_contacts", "deals", "contacts", "deal_id", "contact_id", "Whom each deal is made with."),
    _associations("deal_companies", "deals", "companies", "deal_id", "company_id", "Which company a deal belongs to."),
    _associations("ticket_contacts", "tickets", "contacts", "ticket_id", "contact_id", "Whose tickets they are."),
)
