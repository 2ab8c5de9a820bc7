from __future__ import annotations

from tests.platforms.told import Told

TOLD = Told(
    leading={
        "deal_contacts": "/crm/objects/",
        "deal_companies": "/crm/objects/",
        "ticket_contacts": "/crm/objects/",
    },
    states=({}, {"since": 0}, {"since": 0, "archived_on": "2026-11-23", "archived_after": ""}),
    records={
        "nango/create-contact.json": ("contacts", ""),
        "nango/create-deal.json": ("deals", ""),
        "nango/create-ticket.json": ("tickets", ""),
        "nango/get-company.json": ("companies", ""),
        "nango/get-contact.json": ("contacts", ""),
        "nango/get-ticket.json": ("tickets", ""),
        "nango/update-contact.json": ("contacts", ""),
        "nango/update-deal.json": ("deals", ""),
        "nango/batch-create-companies.json": ("companies", "results"),
        "nango/batch-update-companies.json": ("companies", "results"),
    },
    unread={
        "nango/change-user-role.json": "an answer to a write, which tells no record",
        "nango/clone-marketing-email.json": "an answer to a write, which tells no record",
        "nango/delete-contact.json": "an answer to a write, which tells no record",
        "nango/delete-marketing-email.json": "an answer to a write, which tells no record",
        "nango/delete-task.json": "an answer to a write, which tells no record",
        "nango/delete-user.json": "an answer to a write, which tells no record",
        "nango/fetch-custom-objects.json": "data that no stream reads",
        "nango/get-marketing-email.json": "data that no stream reads",
        "nango/marketing-emails.json": "data that no stream reads",
        "nango/tasks.json": "data that no stream reads",
        "nango/whoami.json": "the old way to look at a token, with the token in the path",
    },
    no_judge="no specification of HubSpot is at hand",
)
