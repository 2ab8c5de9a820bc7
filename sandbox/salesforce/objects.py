"""The kinds of records of an organization: their fields, and what they hold.

Fields and types as `describe` tells them in the recorded replies (Account, Contact) and the Object Reference:
developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sandbox import people
from sandbox.table import Row, Table
from sandbox.world import DAY_MS, World, from_ms, mix, number_of, share

Values = dict[str, Any]
_SUFFIX: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
BIN_MS: Final = 15 * DAY_MS  # how long the recycle bin keeps what was deleted


def eighteen(identity: str) -> str:
    """The form of an id that does not hang on upper and lower case: three characters tell which were upper."""
    bits = (sum(char.isupper() << place for place, char in enumerate(identity[at : at + 5])) for at in (0, 5, 10))
    return identity + "".join(_SUFFIX[one] for one in bits)


def instant(ms: int) -> str:
    """2026-05-01T07:25:37.000+0000"""
    return from_ms(ms).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def day(ms: int) -> str:
    return from_ms(ms).date().isoformat()


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """`fields` are name -> type as describe tells them; `fixed` cannot be written, `lookups` find a record by value."""

    name: str
    prefix: str
    fields: Mapping[str, str]
    fixed: frozenset[str]
    required: tuple[str, ...]
    lookups: tuple[str, ...]
    born: Callable[[World, Row], Values]
    table: Table
    deletable: bool = True

    def id_of(self, index: int) -> str:
        return identity(self.prefix, index)

    def index_of(self, identity: str) -> int | None:
        """The index of an id of 15 or 18 characters; None where it cannot be one of this kind."""
        number = identity[5:15]
        known = number.isascii() and number.isdigit() and identity in (whole := self.id_of(int(number)), whole[:15])
        return int(number) if known else None

    def stamp(self, row: Row) -> int:
        """SystemModstamp, in milliseconds of whole seconds."""
        return max(row.changed, row.deleted or 0) // 1000 * 1000

    def record(self, world: World, row: Row) -> Values:
        """All fields of a record; those without a value are null."""
        values = dict.fromkeys(self.fields)
        values |= self.born(world, row) if not row.written else {}
        values |= row.fields
        values |= {
            "Id": self.id_of(row.index),
            "CreatedDate": instant(row.created),
            "CreatedById": identity("005", 0),
            "LastModifiedDate": instant(row.changed),
            "LastModifiedById": identity("005", 0),
            "SystemModstamp": instant(self.stamp(row)),
        }
        if "IsDeleted" in self.fields:
            values["IsDeleted"] = row.deleted is not None
        if "OwnerId" in self.fields and not values["OwnerId"]:
            values["OwnerId"] = identity("005", 0)
        if {"FirstName", "LastName", "Name"} <= self.fields.keys():
            values["Name"] = " ".join(part for part in (values["FirstName"], values["LastName"]) if part)
        return values


def identity(prefix: str, index: int) -> str:
    return eighteen(f"{prefix}Sb{index:010d}")


def owner(world: World, row: Row, name: str) -> str:
    return identity("005", mix(world.seed, number_of(name), row.index) % max(3, world.scale // 100))


def _account(world: World, row: Row) -> Values:
    what = people.company(world, row.index, row.version)
    odd = bool(row.index % 2)
    return {
        "Name": what.name,
        "Type": "Customer - Direct" if odd else "Prospect",
        "ParentId": identity("001", row.index // 2) if row.index % 9 == 8 else None,
        "Industry": what.industry.replace("_", " ").title(),
        "Ownership": "Private" if odd else "Public",
        "Rating": ("Hot", "Warm", "Cold", None)[(row.index + row.version) % 4],
        "Phone": f"(512) 555-{row.index % 10_000:04d}",
        "Website": f"https://{what.domain}",
        "AccountNumber": f"SB{row.index:06d}",
        "AccountSource": "Web" if odd else None,
        "BillingStreet": f"{row.index + 1} Main Street\nSuite 7",
        "BillingCity": what.city,
        "BillingState": "TX" if what.country == "US" else None,
        "BillingPostalCode": f"{10_000 + row.index % 90_000}",
        "BillingCountry": what.country,
        "BillingAddress": {
            "city": what.city,
            "country": what.country,
            "street": f"{row.index + 1} Main Street\nSuite 7",
        },
        "ShippingCity": what.city,
        "ShippingCountry": what.country,
        "Description": f"{what.name} of {what.city}, “{row.version}”" if odd else None,
        "AnnualRevenue": what.employees * 120_000,
        "NumberOfEmployees": what.employees,
        "LastActivityDate": day(row.changed) if odd else None,
        "CurrencyIsoCode": "EUR" if row.index % 4 == 3 else "USD",
        "OwnerId": owner(world, row, "account"),
        "ERP_Id__c": f"ERP-{row.index}" if odd else None,
    }


def _contact(world: World, row: Row) -> Values:
    who = people.person(world, row.index, row.version)
    return {
        "AccountId": identity("001", who.company.index),
        "FirstName": who.first,
        "LastName": who.last,
        "Salutation": ("Ms.", "Mr.", None)[row.index % 3],
        "Title": who.title,
        "Department": "Finance" if row.index % 3 else None,
        "Email": who.email,
        "Phone": who.phone,
        "MobilePhone": who.phone if row.index % 2 else None,
        "LeadSource": "Web" if row.index % 3 else None,
        "ReportsToId": identity("003", row.index // 2) if row.index % 7 == 6 else None,
        "MailingStreet": f"{row.index} Side Street",
        "MailingCity": who.company.city,
        "MailingState": "TX" if who.company.country == "US" else None,
        "MailingPostalCode": f"{20_000 + row.index % 70_000}",
        "MailingCountry": who.company.country,
        "Description": None if row.index % 4 else "Likes to be called “early”",
        "HasOptedOutOfEmail": share(row.index, 1) < 0.1,
        "DoNotCall": share(row.index, 2) < 0.1,
        "IsEmailBounced": share(row.index, 3) < 0.1,
        "Birthdate": f"19{60 + row.index % 40}-0{1 + row.index % 9}-11" if row.index % 2 else None,
        "LastActivityDate": day(row.changed) if row.index % 2 else None,
        "OwnerId": owner(world, row, "contact"),
    }


def _lead(world: World, row: Row) -> Values:
    who = people.person(world, 5_000_000 + row.index, row.version)
    converted = row.index % 6 == 5
    return {
        "FirstName": who.first,
        "LastName": who.last,
        "Company": who.company.name,
        "Title": who.title,
        "Email": who.email,
        "Phone": who.phone,
        "Website": who.company.domain if row.index % 2 else None,
        "Status": "Closed - Converted" if converted else "Open - Not Contacted",
        "Rating": "Warm" if row.index % 2 else None,
        "Industry": who.company.industry,
        "LeadSource": "Partner Referral",
        "Street": f"{row.index} Hill Road",
        "City": who.company.city,
        "State": "TX" if who.company.country == "US" else None,
        "PostalCode": f"{30_000 + row.index % 60_000}",
        "Country": who.company.country,
        "ConvertedAccountId": identity("001", row.index) if converted else None,
        "ConvertedContactId": identity("003", row.index) if converted else None,
        "ConvertedOpportunityId": identity("006", row.index) if converted else None,
        "ConvertedDate": day(row.changed) if converted else None,
        "IsConverted": converted,
        "Description": None if row.index % 3 else "Met at a fair",
        "AnnualRevenue": 1_000_000.5 if row.index % 2 else None,
        "NumberOfEmployees": who.company.employees,
        "HasOptedOutOfEmail": False,
        "LastActivityDate": day(row.changed) if row.index % 2 else None,
        "CurrencyIsoCode": "EUR" if row.index % 4 == 3 else "USD",
        "OwnerId": owner(world, row, "lead"),
    }


_STAGES: Final = (
    "Prospecting",
    "Qualification",
    "Id. Decision Makers",
    "Negotiation/Review",
    "Closed Won",
    "Closed Lost",
)


def _opportunity(world: World, row: Row) -> Values:
    account = mix(world.seed, number_of("salesforce opportunity"), row.index) % max(1, world.scale // 5)
    step = min(len(_STAGES) - 1, row.version + row.index % len(_STAGES))
    amount = 500 + mix(world.seed, number_of("deal"), row.index) % 90_000
    chance = (10, 20, 60, 90, 100, 0)[step]
    closes = from_ms(row.created + 90 * DAY_MS)
    return {
        "AccountId": identity("001", account),
        "Name": f"{people.company(world, account).name} generators",
        "StageName": _STAGES[step],
        "Type": "New Customer" if row.index % 2 else None,
        "NextStep": "Call" if row.index % 3 else None,
        "LeadSource": "Web" if row.index % 2 else None,
        "ForecastCategoryName": "Closed" if step == 4 else "Omitted" if step == 5 else "Pipeline",
        "CampaignId": identity("701", row.index % 4) if row.index % 3 else None,
        "Description": None if row.index % 3 else "As asked for",
        "Amount": float(amount) if row.index % 11 else None,
        "Probability": chance,
        "ExpectedRevenue": amount * chance / 100,
        "FiscalYear": closes.year,
        "FiscalQuarter": (closes.month + 2) // 3,
        "IsClosed": step >= 4,
        "IsWon": step == 4,
        "CloseDate": closes.date().isoformat(),
        "LastActivityDate": day(row.changed) if row.index % 2 else None,
        "CurrencyIsoCode": "EUR" if row.index % 4 == 3 else "USD",
        "OwnerId": owner(world, row, "opportunity"),
    }


def _case(world: World, row: Row) -> Values:
    who = people.person(world, mix(world.seed, number_of("ticket"), row.index) % max(1, world.scale))
    closed = (row.version + row.index) % 3 == 2
    return {
        "CaseNumber": f"{1000 + row.index:08d}",
        "AccountId": identity("001", who.company.index),
        "ContactId": identity("003", who.index),
        "ParentId": identity("500", row.index // 2) if row.index % 8 == 7 else None,
        "Subject": f"Question of {who.name} about invoice {row.index}",
        "Description": None if row.index % 3 else f"Hello,\nthe invoice says “{row.index}”.\n{who.first}",
        "Status": "Closed" if closed else "New" if row.version == 0 else "Working",
        "Priority": ("Low", "Medium", "High")[row.index % 3],
        "Origin": ("Phone", "Email", "Web")[row.index % 3],
        "Reason": "Performance" if row.index % 2 else None,
        "Type": "Electrical" if row.index % 2 else None,
        "SuppliedEmail": who.email if row.index % 3 == 2 else None,
        "SuppliedName": who.name if row.index % 3 == 2 else None,
        "IsClosed": closed,
        "IsEscalated": row.index % 5 == 4,
        "ClosedDate": instant(row.changed) if closed else None,
        "OwnerId": owner(world, row, "case"),
    }


BIRTHS: Final[Mapping[str, Callable[[World, Row], Values]]] = {
    "Account": _account,
    "Contact": _contact,
    "Lead": _lead,
    "Opportunity": _opportunity,
    "Case": _case,
}
