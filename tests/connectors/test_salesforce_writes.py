"""Salesforce: records are written by their columns, guarded by the time of their last change."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.salesforce import CONNECTOR
from connectors.salesforce.streams import ACCOUNTS, OPPORTUNITIES
from core.errors import RequestRefused
from core.model import Context
from tests.connectors.replies import CONTEXT, NOW, reply
from tests.connectors.writing import written_and_gone
from tests.contract.rig import Rig, sandbox_of
from tests.shared import recorded


def test_a_record_is_written_by_its_columns_and_by_fields_of_one_s_own() -> None:
    write = ACCOUNTS.write
    assert write is not None
    assert write.create
    assert write.delete
    created = write.create({"name": "Acme", "annual_revenue": None, "Tier__c": "Gold"}, CONTEXT)
    assert (created.method, created.filled_path) == ("POST", "/services/data/v66.0/sobjects/Account")
    assert created.json == {"Name": "Acme", "AnnualRevenue": None, "Tier__c": "Gold"}
    assert not created.repeatable
    deleted = write.delete({"id": "001X"}, None, CONTEXT)
    assert (deleted.method, deleted.filled_path) == ("DELETE", "/services/data/v66.0/sobjects/Account/001X")
    for fixed in ("id", "system_modstamp", "last_activity_date", "nothing"):
        with pytest.raises(KeyError):
            write.create({"name": "Acme", fixed: "x"}, CONTEXT)


def test_a_create_that_carries_an_external_id_changes_the_record_that_has_it() -> None:
    write, context = ACCOUNTS.write, Context(now=NOW, settings={"external_id": "ERP_Id__c"})
    assert write is not None
    assert write.create
    asked = write.create({"name": "Acme", "ERP_Id__c": "a/b 7"}, context)
    assert (asked.method, asked.repeatable) == ("PATCH", True)
    assert asked.filled_path == "/services/data/v66.0/sobjects/Account/ERP_Id__c/a%2Fb%207"
    assert asked.json == {"Name": "Acme"}
    for settings in ({}, {"external_id": "Other__c"}):
        other = write.create({"ERP_Id__c": "7"}, Context(now=NOW, settings=settings))
        assert (other.method, other.json) == ("POST", {"ERP_Id__c": "7"})


def test_an_update_is_refused_where_the_record_is_younger_than_what_was_read() -> None:
    write = OPPORTUNITIES.write
    assert write is not None
    assert write.update
    read = reply({"Id": "006X", "SystemModstamp": "2026-05-01T07:25:37.000+0000"})
    asked = write.update({"id": "006X"}, {"stage_name": "Closed Won"}, write.version_of(read), CONTEXT)
    assert (asked.method, asked.json) == ("PATCH", {"StageName": "Closed Won"})
    assert asked.headers == {"If-Unmodified-Since": "Fri, 01 May 2026 07:25:37 GMT"}
    assert write.update({"id": "006X"}, {"stage_name": "x"}, None, CONTEXT).headers == {}


def test_the_time_of_change_of_a_recorded_record_is_the_one_its_header_tells() -> None:
    exchange = recorded("salesforce", "nango/get-record.json")["exchanges"][0]["response"]
    write = ACCOUNTS.write
    assert write is not None
    assert write.update
    asked = write.update({"id": "001X"}, {}, write.version_of(reply(exchange["body"])), CONTEXT)
    assert asked.headers["If-Unmodified-Since"] == exchange["headers"]["last-modified"]


@pytest.mark.parametrize(
    ("name", "record", "changes"),
    [
        ("accounts", {"name": "Made"}, {"industry": "Energy"}),
        ("contacts", {"last_name": "Made", "email": "made@sandbox.example"}, {"title": "Buyer"}),
        ("leads", {"last_name": "Made", "company": "Acme"}, {"status": "Working"}),
        ("opportunities", {"name": "M", "stage_name": "New", "close_date": "2026-12-24"}, {"stage_name": "Won"}),
        ("cases", {"subject": "Made"}, {"status": "Closed"}),
        ("campaigns", {"name": "Made"}, {"status": "Done"}),
        ("tasks", {"subject": "Made"}, {"status": "Done"}),
        ("events", {"subject": "Made"}, {"location": "Berlin"}),
    ],
)
def test_what_is_written_is_kept_changed_and_gone(name: str, record: Any, changes: Any) -> None:
    rig = Rig(connector=CONNECTOR, method="client_credentials", sandbox=sandbox_of("salesforce", 20))
    write = CONNECTOR.stream(name).write
    assert write is not None
    written_and_gone(rig, write, record, changes)


def test_a_write_over_a_later_change_is_refused() -> None:
    rig, write = Rig(connector=CONNECTOR, method="oauth2", sandbox=sandbox_of("salesforce", 20)), ACCOUNTS.write
    assert write is not None
    assert write.create
    assert write.read
    assert write.update
    key = write.created(rig.client.send(write.create({"name": "Made"}, rig.context())))
    version = write.version_of(rig.client.send(write.read(key, rig.context())))
    rig.sandbox.advance(seconds=60)
    rig.client.send(write.update(key, {"industry": "Energy"}, version, rig.context()))
    with pytest.raises(RequestRefused) as refused:
        rig.client.send(write.update(key, {"industry": "Banking"}, version, rig.context()))
    assert "Read it again" in refused.value.advice


def test_an_upsert_by_an_external_id_makes_one_record_and_then_changes_it() -> None:
    rig, write = Rig(connector=CONNECTOR, method="oauth2", sandbox=sandbox_of("salesforce", 20)), ACCOUNTS.write
    assert write is not None
    assert write.create
    assert write.read
    context = Context(now=rig.sandbox.now(), settings={**rig.settings, "external_id": "ERP_Id__c"})
    keys = [
        write.created(rig.client.send(write.create({"name": name, "ERP_Id__c": "made-7"}, context)))
        for name in ("One", "Two")
    ]
    assert keys[0] == keys[1]
    assert rig.client.send(write.read(keys[0], context)).get("Name") == "Two"
