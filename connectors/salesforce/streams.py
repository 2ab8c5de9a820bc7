"""What is read of Salesforce: the kinds of records with their columns, and what is left of the limits."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from connectors.salesforce.records import DATA, SCOPE, crm_stream
from connectors.sdk.base import Stream
from core.errors import BadReply
from core.http import Request, Response
from core.model import EMPTY_STATE, Column, ColumnType, Context, Page, State


def _columns(fields: Mapping[ColumnType, str]) -> tuple[Column, ...]:
    return tuple(
        Column(name=_snake(name), path=name, type=kind) for kind, names in fields.items() for name in names.split()
    )


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


_ID: Final = Column(name="id", path="Id", required=True, pattern=r"[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?")
_CHANGES: Final = _columns(
    {"text": "CreatedById LastModifiedById", "timestamp": "CreatedDate LastModifiedDate SystemModstamp"}
)
_OWNED: Final = (_ID, Column(name="owner_id", path="OwnerId"), *_CHANGES)

ACCOUNTS: Final = crm_stream(
    "Account",
    "accounts",
    _OWNED
    + _columns(
        {
            "text": "Name Type ParentId Industry Ownership Rating Phone Website AccountNumber AccountSource "
            "BillingStreet BillingCity BillingState BillingPostalCode BillingCountry ShippingCity ShippingCountry "
            "CurrencyIsoCode Description",
            "number": "AnnualRevenue",
            "integer": "NumberOfEmployees",
            "date": "LastActivityDate",
        }
    ),
    "Companies, and people where the organization has person accounts.",
    expected=True,
    read_only=("last_activity_date",),
)
CONTACTS: Final = crm_stream(
    "Contact",
    "contacts",
    _OWNED
    + _columns(
        {
            "text": "AccountId Name FirstName LastName Salutation Title Department Email Phone MobilePhone LeadSource "
            "ReportsToId MailingStreet MailingCity MailingState MailingPostalCode MailingCountry Description",
            "boolean": "HasOptedOutOfEmail DoNotCall IsEmailBounced",
            "date": "Birthdate LastActivityDate",
        }
    ),
    "People, most of them of an account.",
    expected=True,
    read_only=("name", "last_activity_date", "is_email_bounced"),
)
LEADS: Final = crm_stream(
    "Lead",
    "leads",
    _OWNED
    + _columns(
        {
            "text": "Name FirstName LastName Company Title Email Phone Website Status Rating Industry LeadSource "
            "Street City State PostalCode Country ConvertedAccountId ConvertedContactId ConvertedOpportunityId "
            "CurrencyIsoCode Description",
            "number": "AnnualRevenue",
            "integer": "NumberOfEmployees",
            "boolean": "IsConverted HasOptedOutOfEmail",
            "date": "ConvertedDate LastActivityDate",
        }
    ),
    "People who may become customers; converted ones stay, with what became of them.",
    read_only=(
        "name",
        "is_converted",
        "converted_date",
        "converted_account_id",
        "converted_contact_id",
        "converted_opportunity_id",
        "last_activity_date",
    ),
)
OPPORTUNITIES: Final = crm_stream(
    "Opportunity",
    "opportunities",
    _OWNED
    + _columns(
        {
            "text": "AccountId Name StageName Type NextStep LeadSource ForecastCategoryName CampaignId CurrencyIsoCode "
            "Description",
            "number": "Amount Probability ExpectedRevenue",
            "integer": "FiscalYear FiscalQuarter",
            "boolean": "IsClosed IsWon",
            "date": "CloseDate LastActivityDate",
        }
    ),
    "Sales that are hoped for, won or lost, with amount and stage.",
    read_only=("expected_revenue", "is_closed", "is_won", "fiscal_year", "fiscal_quarter", "last_activity_date"),
)
CASES: Final = crm_stream(
    "Case",
    "cases",
    _OWNED
    + _columns(
        {
            "text": "CaseNumber AccountId ContactId ParentId Subject Description Status Priority Origin Reason Type "
            "SuppliedEmail SuppliedName",
            "boolean": "IsClosed IsEscalated",
            "timestamp": "ClosedDate",
        }
    ),
    "What customers asked or complained of.",
    read_only=("case_number", "is_closed", "closed_date"),
)
CAMPAIGNS: Final = crm_stream(
    "Campaign",
    "campaigns",
    _OWNED
    + _columns(
        {
            "text": "Name Type Status ParentId CurrencyIsoCode Description",
            "number": "BudgetedCost ActualCost ExpectedRevenue AmountAllOpportunities AmountWonOpportunities "
            "NumberSent",
            "integer": "NumberOfLeads NumberOfContacts NumberOfResponses NumberOfOpportunities",
            "boolean": "IsActive",
            "date": "StartDate EndDate",
        }
    ),
    "Campaigns, with what they cost and brought.",
    read_only=(
        "number_of_leads",
        "number_of_contacts",
        "number_of_responses",
        "number_of_opportunities",
        "amount_all_opportunities",
        "amount_won_opportunities",
    ),
)
TASKS: Final = crm_stream(
    "Task",
    "tasks",
    _OWNED
    + _columns(
        {
            "text": "Subject Status Priority TaskSubtype WhoId WhatId AccountId CallType Description",
            "integer": "CallDurationInSeconds",
            "boolean": "IsClosed IsArchived",
            "timestamp": "CompletedDateTime",
            "date": "ActivityDate",
        }
    ),
    "What is to be done or was, calls and mails among it; archived ones too.",
    read_only=("account_id", "is_closed", "is_archived", "completed_date_time"),
)
EVENTS: Final = crm_stream(
    "Event",
    "events",
    _OWNED
    + _columns(
        {
            "text": "Subject Location WhoId WhatId AccountId ShowAs Description",
            "integer": "DurationInMinutes",
            "boolean": "IsAllDayEvent IsPrivate IsArchived",
            "timestamp": "StartDateTime EndDateTime",
            "date": "ActivityDate",
        }
    ),
    "Appointments; archived ones too.",
    read_only=("account_id", "is_archived"),
)
USERS: Final = crm_stream(
    "User",
    "users",
    (
        _ID,
        *_CHANGES,
        *_columns(
            {
                "text": "Username Name FirstName LastName Email Alias Title Department CompanyName Phone ProfileId "
                "UserRoleId UserType ManagerId TimeZoneSidKey LocaleSidKey LanguageLocaleKey",
                "boolean": "IsActive",
                "timestamp": "LastLoginDate",
            }
        ),
    ),
    "Who works with the organization, and owns its records. Users are switched off, never deleted.",
    expected=True,
    read_only=None,
)


def _limits(asked: Request, response: Response, state: State, context: Context) -> Page:
    told: Any = response.json()
    if not isinstance(told, dict):
        raise BadReply("the reply lists no limits")
    rows = [msgspec.json.encode({"Name": name, **one}) for name, one in told.items() if isinstance(one, dict)]
    return Page(records=rows, state=EMPTY_STATE)


LIMITS_REQUEST: Final = Request(path=f"{DATA}/limits")
LIMITS: Final = Stream(
    name="limits",
    columns=(
        Column(name="name", path="Name", required=True),
        Column(name="maximum", path="Max", type="number"),
        Column(name="remaining", path="Remaining", type="number"),
    ),
    request=lambda state, context: LIMITS_REQUEST,
    parse=_limits,
    key=("name",),
    mode="snapshot",
    scopes=(SCOPE,),
    about="What the organization may still use: calls, storage, mails. As of the last sync of a day.",
)
STREAMS: Final = (ACCOUNTS, CONTACTS, LEADS, OPPORTUNITIES, CASES, CAMPAIGNS, TASKS, EVENTS, USERS, LIMITS)
