"""What records of the CRM hold, and how they are written.

https://developers.hubspot.com/docs/api-reference/latest/crm/using-object-apis
Nothing guards a write: two that cross each other both succeed, so `updatedAt` is compared before. A property is
cleared with an empty text. Deleting archives, and is the same when repeated.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from connectors.sdk.writing import Key, Record, Write, body_of
from core.http import Request, Response
from core.model import Column, ColumnType, Context


def _property(name: str, type_: ColumnType = "text") -> Column:
    return Column(name=name, path=f"properties/{name}", type=type_)


CONTACT_COLUMNS: Final = (
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
)
COMPANY_COLUMNS: Final = (
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
)
DEAL_COLUMNS: Final = (
    _property("dealname"),
    _property("amount", "number"),
    _property("dealstage"),
    _property("pipeline"),
    _property("closedate", "timestamp"),
    _property("hubspot_owner_id"),
    _property("createdate", "timestamp"),
    _property("hs_lastmodifieddate", "timestamp"),
)
TICKET_COLUMNS: Final = (
    _property("subject"),
    _property("hs_pipeline"),
    _property("hs_pipeline_stage"),
    _property("hs_ticket_priority"),
    _property("hubspot_owner_id"),
    _property("createdate", "timestamp"),
    _property("hs_lastmodifieddate", "timestamp"),
)
PRODUCT_COLUMNS: Final = (
    _property("name"),
    _property("description"),
    _property("price", "number"),
    _property("hs_sku"),
    _property("hs_cost_of_goods_sold", "number"),
    _property("hs_recurring_billing_period"),
    _property("createdate", "timestamp"),
    _property("hs_lastmodifieddate", "timestamp"),
)
LINE_ITEM_COLUMNS: Final = (
    _property("name"),
    _property("quantity", "number"),
    _property("price", "number"),
    _property("amount", "number"),
    _property("hs_product_id"),
    _property("hs_sku"),
    _property("hs_line_item_currency_code"),
    _property("createdate", "timestamp"),
    _property("hs_lastmodifieddate", "timestamp"),
)


def crm_write(path: str, columns: tuple[Column, ...], scope: str) -> Write:
    """Writes of one CRM type, whose records are listed at `path`; its properties are what may be written."""
    properties = tuple(column for column in columns if "/" in column.source)
    read_only = {"createdate", "lastmodifieddate", "hs_lastmodifieddate"}
    one = Request(path=f"{path}/{{id}}", params={"properties": ",".join(c.name for c in properties)})

    def cleared(record: Record) -> Record:
        return {name: "" if value is None else value for name, value in record.items()}

    def create(record: Record, context: Context) -> Request:
        return Request(method="POST", path=path, json=body_of(properties, cleared(record)), repeatable=False)

    def update(key: Key, changes: Record, version: str | None, context: Context) -> Request:
        body = body_of(properties, cleared(changes))
        return Request(method="PATCH", path=one.path, args={"id": key["id"]}, json=body)

    def delete(key: Key, version: str | None, context: Context) -> Request:
        return Request(method="DELETE", path=one.path, args={"id": key["id"]})

    return Write(
        writable=tuple(column.name for column in properties if column.name not in read_only),
        create=create,
        update=update,
        delete=delete,
        read=lambda key, context: replace(one, args={"id": key["id"]}),
        version_of=_updated_at,
        control="compare",
        scopes=(scope,),
        about="Deleting archives. What is null is cleared.",
    )


def _updated_at(response: Response) -> str | None:
    found = response.get("updatedAt")
    return str(found) if found is not None else None
