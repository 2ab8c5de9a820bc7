"""The CRM's object types: their records as HubSpot shows them, every property a string or null."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sandbox import people
from sandbox.hubspot.dialect import APP, PORTAL
from sandbox.table import WRITTEN, Row, Table
from sandbox.world import World, from_ms, mix, number_of, share

Values = dict[str, str | None]
STAGES = ("appointmentscheduled", "qualifiedtobuy", "presentationscheduled", "contractsent", "closedwon", "closedlost")
PRODUCTS = 186_000_000_000
STEP = 37  # ids rise with birth and leave gaps


def iso(ms: int) -> str:
    """2026-02-25T16:23:49.023Z"""
    return from_ms(ms).isoformat(timespec="milliseconds")[:-6] + "Z"


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectType:
    """One type. `born` makes the properties of a record that nobody wrote; `kinds` are property -> type.

    `begins` is what HubSpot sets by itself when a record is created (as recorded).
    """

    name: str
    singular: str
    code: str
    base: int
    cursor: str
    defaults: tuple[str, ...]
    kinds: Mapping[str, str]
    born: Callable[[World, Row], Values]
    table: Table
    begins: Mapping[str, str]
    unique: str | None = None

    def id_of(self, index: int) -> str:
        return str(self.base + index * STEP)

    def index_of(self, identity: str) -> int | None:
        """The index of an id; None where it cannot be one of this type."""
        if not identity.isascii() or not identity.isdigit():
            return None
        index, rest = divmod(int(identity) - self.base, STEP)
        return None if rest or index < 0 else index

    def properties(self, world: World, row: Row) -> Values:
        """All properties of a record that have ever been set."""
        values: Values = {} if row.written else self.born(world, row)
        values.update(row.fields)
        values["createdate"] = iso(row.created)
        values[self.cursor] = iso(row.changed)
        values["hs_object_id"] = self.id_of(row.index)
        values["hs_object_source"] = "INTEGRATION" if row.written else "CRM_UI"
        values["hs_object_source_id"] = APP if row.written else "userId:88000001"
        values["hs_object_source_label"] = "INTEGRATION" if row.written else "CRM_UI"
        return values

    def record(self, row: Row, values: Values) -> dict[str, object]:
        """The envelope of one record, around these of its properties."""
        identity = self.id_of(row.index)
        shown: dict[str, object] = {
            "id": identity,
            "properties": dict(sorted(values.items())),
            "createdAt": iso(row.created),
            "updatedAt": iso(row.changed),
            "archived": row.deleted is not None,
        }
        if row.deleted is not None:
            shown["archivedAt"] = iso(row.deleted)
        shown["url"] = f"https://app.hubspot.com/contacts/{PORTAL}/record/{self.code}/{identity}"
        return shown


def _owner(world: World, index: int) -> str | None:
    bits = mix(world.seed, number_of("hubspot owner of"), index)
    return None if bits % 5 == 0 else str(owner_id(bits % owners_count(world)))


def owners_count(world: World) -> int:
    return max(3, min(40, world.scale // 100))


def owner_id(index: int) -> int:
    return 88_000_000 + index * 13


def _contact(world: World, row: Row) -> Values:
    who = people.person(world, row.index, row.version)
    stage = ("subscriber", "lead", "opportunity", "customer")[min(3, row.version + row.index % 3)]
    return {
        "email": who.email,
        "firstname": who.first,
        "lastname": who.last,
        "phone": who.phone if row.index % 7 else None,
        "jobtitle": who.title if row.index % 4 else None,
        "company": who.company.name,
        "website": f"https://{who.company.domain}",
        "city": who.company.city,
        "country": who.company.country,
        "lifecyclestage": stage,
        "hs_lead_status": ("NEW", "OPEN", "IN_PROGRESS", "CONNECTED")[row.version % 4],
        "hubspot_owner_id": _owner(world, row.index),
        "num_notes": str(row.version),
        "hs_email_domain": who.company.domain,
        "hs_full_name_or_email": who.name,
        "hs_is_unworked": "true" if row.version == 0 else "false",
        "hs_pipeline": "contacts-lifecycle-pipeline",
    }


def _company(world: World, row: Row) -> Values:
    what = people.company(world, row.index, row.version)
    return {
        "name": what.name,
        "domain": what.domain,
        "website": what.domain,
        "industry": what.industry,
        "city": what.city,
        "country": what.country,
        "state": None,
        "phone": None,
        "description": None if row.index % 3 else f"{what.name} of {what.city}",
        "numberofemployees": str(what.employees),
        "annualrevenue": str(what.employees * 120_000),
        "lifecyclestage": ("lead", "opportunity", "customer")[min(2, row.version)],
        "hubspot_owner_id": _owner(world, row.index),
        "num_associated_contacts": "5",
        "num_notes": str(row.version),
    }


def _deal(world: World, row: Row) -> Values:
    stage = STAGES[min(len(STAGES) - 1, row.version + row.index % 3)]
    amount = 500 + mix(world.seed, number_of("deal"), row.index) % 90_000
    closed = stage.startswith("closed")
    return {
        "dealname": f"{people.company(world, row.index).name} renewal",
        "amount": f"{amount}.00" if row.index % 11 else None,
        "dealstage": stage,
        "pipeline": "default",
        "closedate": iso(row.changed) if closed else None,
        "dealtype": "newbusiness" if row.index % 2 else "existingbusiness",
        "description": None,
        "deal_currency_code": "USD",
        "hs_is_closed": "true" if closed else "false",
        "hubspot_owner_id": _owner(world, row.index),
    }


def _ticket(world: World, row: Row) -> Values:
    who = people.person(world, mix(world.seed, number_of("ticket"), row.index) % max(1, world.scale))
    return {
        "subject": f"Question of {who.name} about invoice {row.index}",
        "content": f"Hello,\nthe invoice says “{row.index}”, is that right?\n{who.first}" if row.index % 5 else None,
        "hs_pipeline": "0",
        "hs_pipeline_stage": str(min(4, 1 + row.version)),
        "hs_ticket_priority": (None, "LOW", "MEDIUM", "HIGH")[row.index % 4],
        "hs_ticket_category": "BILLING_ISSUE" if share(row.index) < 0.3 else None,
        "source_type": "EMAIL",
        "hubspot_owner_id": _owner(world, row.index),
    }


def _price(world: World, product: int) -> int:
    return 20 + mix(world.seed, number_of("product"), product) % 900


def _product(world: World, row: Row) -> Values:
    return {
        "name": f"{people.WORDS[row.index % len(people.WORDS)].capitalize()} {row.index}",
        "description": None if row.index % 3 else "As asked for",
        "price": f"{_price(world, row.index) + row.version}.00",
        "hs_sku": f"SB-{row.index:05d}",
        "hs_cost_of_goods_sold": f"{_price(world, row.index) // 3}.00" if row.index % 4 else None,
        "hs_recurring_billing_period": "P12M" if row.index % 2 else None,
    }


def _line_item(world: World, row: Row) -> Values:
    product, quantity = row.index % 7, 1 + row.index % 5 + row.version
    return {
        "name": f"{people.WORDS[product % len(people.WORDS)].capitalize()} {product}",
        "quantity": str(quantity),
        "price": f"{_price(world, product)}.00",
        "amount": f"{_price(world, product) * quantity}.00",
        "hs_product_id": str(PRODUCTS + product * STEP),
        "hs_sku": f"SB-{product:05d}",
        "hs_line_item_currency_code": "USD" if row.index % 3 else None,
    }


_TEXT, _NUMBER, _DATE, _CHOICE = "string", "number", "datetime", "enumeration"
_KINDS = {
    "createdate": _DATE, "lastmodifieddate": _DATE, "hs_lastmodifieddate": _DATE, "closedate": _DATE,
    "notes_last_updated": _DATE, "hs_object_id": _NUMBER, "num_notes": _NUMBER, "amount": _NUMBER,
    "annualrevenue": _NUMBER, "numberofemployees": _NUMBER, "num_associated_contacts": _NUMBER,
    "lifecyclestage": _CHOICE, "hs_lead_status": _CHOICE, "industry": _CHOICE, "dealstage": _CHOICE,
    "pipeline": _CHOICE, "hs_pipeline": _CHOICE, "hs_pipeline_stage": _CHOICE, "hs_ticket_priority": _CHOICE,
    "hs_ticket_category": _CHOICE, "hubspot_owner_id": _CHOICE, "dealtype": _CHOICE, "source_type": _CHOICE,
    "hs_is_closed": "bool", "hs_is_unworked": "bool",
}  # fmt: skip
_COMMON = ("createdate", "hs_object_id", "hs_object_source", "hs_object_source_id", "hs_object_source_label")
_MORE = {
    "contacts": ("notes_last_updated", "address", "zip", "state", "salutation", "associatedcompanyid"),
    "companies": ("address", "zip", "notes_last_updated", "hs_task_label", "hs_pipeline"),
    "deals": ("notes_last_updated", "num_notes", "num_associated_contacts", "hs_priority"),
    "tickets": ("notes_last_updated", "num_notes", "hs_ticket_id"),
    "products": ("hs_images", "hs_url", "tax"),
    "line_items": ("hs_discount_percentage", "tax"),
}

_BEGINS = {
    "contacts": {
        "lifecyclestage": "lead",
        "num_notes": "0",
        "hs_is_unworked": "true",
        "hs_pipeline": "contacts-lifecycle-pipeline",
    },
    "companies": {
        "lifecyclestage": "lead",
        "num_notes": "0",
        "num_associated_contacts": "0",
        "hs_pipeline": "companies-lifecycle-pipeline",
    },
    "deals": {"num_notes": "0", "num_associated_contacts": "0"},
    "tickets": {"num_notes": "0"},
    "products": {},
    "line_items": {},
}


def make_types(world: World) -> dict[str, ObjectType]:
    """The object types over fresh tables."""
    shapes: tuple[tuple[str, str, str, int, str, tuple[str, ...], Callable[[World, Row], Values], float], ...] = (
        ("contacts", "contact", "0-1", 713_000_000_000, "lastmodifieddate",
         ("createdate", "email", "firstname", "hs_object_id", "lastmodifieddate", "lastname"), _contact, 1.0),
        ("companies", "company", "0-2", 421_000_000_000, "hs_lastmodifieddate",
         ("createdate", "domain", "hs_lastmodifieddate", "hs_object_id", "name"), _company, 0.2),
        ("deals", "deal", "0-3", 479_000_000_000, "hs_lastmodifieddate",
         ("amount", "closedate", "createdate", "dealname", "dealstage", "hs_lastmodifieddate", "hs_object_id",
          "pipeline"), _deal, 0.25),
        ("tickets", "ticket", "0-5", 394_000_000_000, "hs_lastmodifieddate",
         ("content", "createdate", "hs_lastmodifieddate", "hs_object_id", "hs_pipeline", "hs_pipeline_stage",
          "hs_ticket_category", "hs_ticket_priority", "subject"), _ticket, 0.12),
        ("products", "product", "0-7", PRODUCTS, "hs_lastmodifieddate",
         ("createdate", "description", "hs_lastmodifieddate", "hs_object_id", "name", "price"), _product, 0.08),
        ("line_items", "line_item", "0-8", 288_000_000_000, "hs_lastmodifieddate",
         ("createdate", "hs_lastmodifieddate", "hs_object_id", "hs_product_id", "quantity"), _line_item, 0.4),
    )  # fmt: skip
    types = {}
    for name, singular, code, base, cursor, defaults, born, per_person in shapes:
        population = world.population(f"hubspot {name}", per_person=per_person, least=3)
        sample = born(world, Row(index=0, created=0, changed=0, deleted=None, version=0, fields={}))
        names = dict.fromkeys((*sample, *_MORE[name], *_COMMON, cursor))
        types[name] = ObjectType(
            name=name,
            singular=singular,
            code=code,
            base=base,
            cursor=cursor,
            defaults=defaults,
            kinds={one: _KINDS.get(one, _TEXT) for one in names},
            born=born,
            table=Table(world, population),
            begins=_BEGINS[name],
            unique="email" if name == "contacts" else None,
        )
    return types


def index_of_email(world: World, contacts: ObjectType, email: str) -> int | None:
    """The live contact with this address: among those written to, then by the number in the address."""
    wanted = email.strip().lower()
    for index in contacts.table.written_indices():
        row = contacts.table.existing(index)
        if row and (contacts.properties(world, row).get("email") or "").lower() == wanted:
            return index
    number = wanted.partition("@")[0].rpartition(".")[2]
    if not number.isascii() or not number.isdigit() or int(number) >= WRITTEN:
        return None
    row = contacts.table.existing(int(number))
    found = contacts.properties(world, row).get("email") if row else None
    return int(number) if found and found.lower() == wanted else None
