from __future__ import annotations

from tests.platforms.told import Told

_ANSWER = "an answer to a write, which tells no record"
_OTHER = "data that no stream reads"
_SEARCH = "a search in full text, which no stream makes"

TOLD = Told(
    settings={"org": "acme"},
    records={
        "nango/cases.json": ("cases", "records"),
        "nango/opportunities.json": ("opportunities", "records"),
        "nango/users.json": ("users", "records"),
        "nango/query-all-records.json": ("accounts", "records"),
        "nango/query-records.json": ("accounts", "records"),
        "nango/records-by-soql.json": ("accounts", "records"),
        "nango/retrieve-query-more.json": ("accounts", "records"),
        "nango/get-record.json": ("accounts", ""),
        "nango/get-record-by-external-id.json": ("users", ""),
        "nango/list-recent-items.json": ("accounts", ""),
    },
    unread={
        "nango/composite-graph-request.json": _ANSWER,
        "nango/create-record.json": _ANSWER,
        "nango/create-sobject-collection.json": _ANSWER,
        "nango/delete-record.json": _ANSWER,
        "nango/delete-sobject-collection.json": _ANSWER,
        "nango/get-quick-action-defaults.json": _OTHER,
        "nango/get-sobject-basic-info.json": "a description without fields",
        "nango/list-available-resources.json": _OTHER,
        "nango/list-quick-actions.json": _OTHER,
        "nango/parameterized-search-records.json": _SEARCH,
        "nango/search-records.json": _SEARCH,
        "nango/update-record-by-external-id.json": _ANSWER,
        "nango/update-record.json": _ANSWER,
        "nango/update-sobject-collection.json": _ANSWER,
        "nango/upsert-record.json": _ANSWER,
        "nango/upsert-sobject-collection.json": _ANSWER,
    },
    no_judge="Salesforce publishes no specification: each organization makes its own",
)
