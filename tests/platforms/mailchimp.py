from __future__ import annotations

from tests.platforms.told import Told

TOLD = Told(
    settings={"dc": "us3"},
    unresolved={
        "audiences": {
            "campaign_last_sent": "the sandbox's audiences have neither sent nor lost anyone",
            "last_unsub_date": "the sandbox's audiences have neither sent nor lost anyone",
        }
    },
    records={
        "nango/create-audience.json": ("audiences", ""),
        "nango/update-audience.json": ("audiences", ""),
        "nango/get-audience.json": ("audiences", ""),
        "nango/create-campaign.json": ("campaigns", ""),
        "nango/update-campaign.json": ("campaigns", ""),
        "nango/get-campaign.json": ("campaigns", ""),
        "nango/get-campaign-report.json": ("reports", ""),
        "nango/get-member.json": ("members", ""),
    },
    unread={
        "nango/automations.json": "data that no stream reads",
        "nango/create-segment.json": "an answer to a write, which tells no record",
        "nango/create-store.json": "an answer to a write, which tells no record",
        "nango/create-template.json": "an answer to a write, which tells no record",
        "nango/delete-audience.json": "an answer to a write, which tells no record",
        "nango/delete-member.json": "an answer to a write, which tells no record",
        "nango/get-automation.json": "data that no stream reads",
        "nango/get-template.json": "data that no stream reads",
        "nango/list-automations.json": "data that no stream reads",
        "nango/list-templates.json": "data that no stream reads",
        "nango/tag-member.json": "an answer to a write, which tells no record",
        "nango/update-segment.json": "an answer to a write, which tells no record",
        "nango/update-template.json": "an answer to a write, which tells no record",
    },
    no_judge="no specification of Mailchimp is at hand",
)
