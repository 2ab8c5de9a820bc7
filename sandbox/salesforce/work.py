"""What people do and with whom: campaigns, tasks, events, users; and all kinds over fresh tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from sandbox import people
from sandbox.salesforce.objects import BIRTHS, Kind, Values, day, identity, instant, owner
from sandbox.table import Row, Table
from sandbox.world import DAY_MS, World


def _campaign(world: World, row: Row) -> Values:
    cost = 1000 + 37 * row.index
    return {
        "Name": f"{people.WORDS[row.index % len(people.WORDS)]} campaign {row.index}",
        "Type": "Email" if row.index % 2 else "Webinar",
        "Status": "In Progress" if row.version == 0 else "Completed",
        "ParentId": identity("701", row.index // 2) if row.index % 4 == 3 else None,
        "Description": None if row.index % 2 else "For the autumn",
        "BudgetedCost": float(cost),
        "ActualCost": cost + 0.5 if row.index % 2 else None,
        "ExpectedRevenue": cost * 10,
        "AmountAllOpportunities": cost * 8,
        "AmountWonOpportunities": cost * 3,
        "NumberSent": 100.0 + row.index,
        "NumberOfLeads": 7 + row.version,
        "NumberOfContacts": 9,
        "NumberOfResponses": 3 + row.version,
        "NumberOfOpportunities": 2,
        "IsActive": row.version == 0,
        "StartDate": day(row.created),
        "EndDate": day(row.created + 30 * DAY_MS) if row.index % 2 else None,
        "CurrencyIsoCode": "EUR" if row.index % 4 == 3 else "USD",
        "OwnerId": owner(world, row, "campaign"),
    }


def _task(world: World, row: Row) -> Values:
    done = (row.version + row.index) % 2 == 1
    return {
        "Subject": "Call" if row.index % 2 else "Send letter",
        "Status": "Completed" if done else "Not Started",
        "Priority": "Normal",
        "TaskSubtype": "Call" if row.index % 2 else "Task",
        "WhoId": identity("003", row.index % max(1, world.scale)),
        "WhatId": identity("006", row.index % 7) if row.index % 3 else None,
        "AccountId": identity("001", row.index % 5),
        "CallType": "Outbound" if row.index % 2 else None,
        "CallDurationInSeconds": 60 + row.index if row.index % 2 else None,
        "Description": None if row.index % 3 else "Asked for “an offer”",
        "IsClosed": done,
        "IsArchived": False,
        "CompletedDateTime": instant(row.changed) if done else None,
        "ActivityDate": day(row.created + DAY_MS),
        "OwnerId": owner(world, row, "task"),
    }


def _event(world: World, row: Row) -> Values:
    begins = row.created + 3 * DAY_MS
    return {
        "Subject": "Meeting",
        "Location": people.company(world, row.index).city if row.index % 2 else None,
        "WhoId": identity("003", row.index % max(1, world.scale)),
        "WhatId": identity("001", row.index % 7) if row.index % 3 else None,
        "AccountId": identity("001", row.index % 7),
        "ShowAs": "Busy",
        "Description": None if row.index % 3 else "Bring the plans",
        "DurationInMinutes": 60,
        "IsAllDayEvent": False,
        "IsPrivate": row.index % 5 == 0,
        "IsArchived": False,
        "StartDateTime": instant(begins),
        "EndDateTime": instant(begins + 3_600_000),
        "ActivityDate": day(begins),
        "OwnerId": owner(world, row, "event"),
    }


def _user(world: World, row: Row) -> Values:
    who = people.person(world, row.index, row.version)
    first = row.index == 0
    return {
        "Username": "integration@sandbox.example" if first else f"{who.email.partition('@')[0]}@sandbox.example",
        "FirstName": None if first else who.first,
        "LastName": "Integration" if first else who.last,
        "Email": f"{who.email.partition('@')[0]}@sandbox.example",
        "Alias": who.first[:5].lower(),
        "Title": who.title,
        "Department": "Sales" if row.index % 2 else None,
        "CompanyName": "Sandbox Labs",
        "Phone": who.phone if row.index % 2 else None,
        "ProfileId": identity("00e", row.index % 2),
        "UserRoleId": identity("00E", row.index % 3) if row.index else None,
        "UserType": "Standard",
        "ManagerId": identity("005", 1) if row.index > 1 else None,
        "TimeZoneSidKey": "America/Los_Angeles",
        "LocaleSidKey": "en_US",
        "LanguageLocaleKey": "en_US",
        "IsActive": row.index % 6 != 5,
        "LastLoginDate": instant(row.changed) if row.index else None,
    }


_STAMPS: Final = ("CreatedDate", "LastModifiedDate", "SystemModstamp")
_TYPES: Final[Mapping[str, str]] = {
    **dict.fromkeys((*_STAMPS, "ClosedDate", "CompletedDateTime", "StartDateTime", "EndDateTime"), "datetime"),
    **dict.fromkeys(("LastActivityDate", "Birthdate", "ConvertedDate", "CloseDate", "ActivityDate"), "date"),
    **dict.fromkeys(("StartDate", "EndDate"), "date"),
    **dict.fromkeys(("AnnualRevenue", "Amount", "ExpectedRevenue", "BudgetedCost", "ActualCost"), "currency"),
    **dict.fromkeys(("AmountAllOpportunities", "AmountWonOpportunities"), "currency"),
    **dict.fromkeys(("NumberOfEmployees", "FiscalYear", "FiscalQuarter", "DurationInMinutes"), "int"),
    **dict.fromkeys(("NumberOfLeads", "NumberOfContacts", "NumberOfResponses", "NumberOfOpportunities"), "int"),
    **dict.fromkeys(("HasOptedOutOfEmail", "DoNotCall"), "boolean"),
    "LastLoginDate": "datetime",
    "CallDurationInSeconds": "int",
    "Probability": "percent",
    "NumberSent": "double",
    "Id": "id",
    "BillingAddress": "address",
    "Email": "email",
    "Description": "textarea",
}
_FIXED: Final = frozenset(
    ("Id", "IsDeleted", "CreatedById", "LastModifiedById", *_STAMPS, "BillingAddress", "CaseNumber", "LastActivityDate")
)


def _type(name: str) -> str:
    if name.startswith("Is"):
        return "boolean"
    return _TYPES.get(name) or ("reference" if name.endswith("Id") else "string")


def make_kinds(world: World) -> dict[str, Kind]:
    """The kinds of records by name, over fresh tables."""
    own: Mapping[str, Callable[[World, Row], Values]] = {
        **BIRTHS, "Campaign": _campaign, "Task": _task, "Event": _event, "User": _user,
    }  # fmt: skip
    shapes: tuple[tuple[str, str, str, float, int, tuple[str, ...], tuple[str, ...]], ...] = (
        ("Account", "001", "accounts", 0.8, 30, ("Name",), ("ERP_Id__c",)),
        ("Contact", "003", "contacts", 1.0, 30, ("LastName",), ("Email",)),
        ("Lead", "00Q", "leads", 0.5, 12, ("LastName", "Company"), ("Email",)),
        ("Opportunity", "006", "opportunities", 0.4, 12, ("Name", "StageName", "CloseDate"), ()),
        ("Case", "500", "cases", 0.3, 12, (), ()),
        ("Campaign", "701", "campaigns", 0.05, 6, ("Name",), ()),
        ("Task", "00T", "tasks", 0.5, 12, (), ()),
        ("Event", "00U", "events", 0.3, 12, (), ()),
        ("User", "005", "users", 0.03, 6, ("Username", "LastName"), ()),
    )
    kinds = {}
    for name, prefix, many, per_person, least, required, lookups in shapes:
        deaths = 0.0 if name == "User" else 0.001
        population = world.population(f"salesforce {many}", per_person=per_person, least=least, deaths=deaths)
        sample = own[name](world, Row(index=0, created=0, changed=0, deleted=None, version=0, fields={}))
        deleted = () if name == "User" else ("IsDeleted",)
        whole = ("Name",) if "FirstName" in sample else ()
        names = ("Id", *deleted, *whole, *sample, "CreatedById", "LastModifiedById", *_STAMPS)
        kinds[name] = Kind(
            name=name,
            prefix=prefix,
            fields={one: _type(one) for one in dict.fromkeys(names)},
            fixed=_FIXED | frozenset(whole),
            required=required,
            lookups=lookups,
            born=own[name],
            table=Table(world, population),
            deletable=name != "User",
        )
    return kinds
