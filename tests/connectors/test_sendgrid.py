"""SendGrid: contacts by an export, suppressions by when they were made, events signed with an elliptic curve."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.sdk.driver import walk
from connectors.sdk.inbound import Delivery
from connectors.sendgrid import CONNECTOR
from core.classify import Disposition
from core.errors import BadReply, CredentialMalformed, SignatureRefused, StateReset, UsageError
from core.http import JSON, Request, Response
from core.model import Context, State
from tests.connectors.replies import NOW, meant, reply
from tests.connectors.writing import written_and_gone
from tests.contract.rig import Rig, sandbox_of

CONTEXT = Context(now=NOW, settings={"region": "api"})
CONTACTS = CONNECTOR.stream("contacts")
STORE = "https://exports.s3.amazonaws.com/e1"


class Exporting:
    """An account whose export has these files; searches find `changed` of `told` contacts."""

    def __init__(self, *files: bytes, changed: int = 0, told: int = 0) -> None:
        self.files, self.changed, self.told = files, changed, told
        self.asked: list[Request] = []

    def __call__(self, request: Request) -> Response:
        self.asked.append(request)
        if not request.authorized:
            return Response(status=200, body=self.files[int(request.path[-1])])
        if request.path.endswith("/exports"):
            return reply({"id": "e1"}, status=202)
        if request.method == "GET":
            return reply({"status": "ready", "urls": [f"{STORE}/{n}?sig=s{n}" for n in range(len(self.files))]})
        found = [{"id": str(number)} for number in range(self.changed)]
        return reply({"result": found, "contact_count": self.told})


def lines(*numbers: int) -> bytes:
    contacts = [{"contact_id": str(number), "email": f"{number}@x.example"} for number in numbers]
    return b"".join(json.dumps(contact).encode() + b"\n" for contact in contacts)


def read(account: Exporting, state: State, context: Context = CONTEXT) -> tuple[list[str], State]:
    ids, after = [], state
    for step in walk(CONTACTS, account, state, context):
        ids += [json.loads(record)["id"] for record in step.page.records]
        after = step.page.state
    return ids, after


def test_all_contacts_come_by_an_export_of_several_files_zipped_or_not() -> None:
    account = Exporting(lines(1, 2), gzip.compress(lines(3)))
    ids, state = read(account, {})
    assert ids == ["1", "2", "3"]
    assert set(state) == {"since", "full"}
    fetched = [request for request in account.asked if not request.authorized]
    assert [request.params for request in fetched] == [{"sig": "s0"}, {"sig": "s1"}]
    assert "s1" not in repr(account.asked)


def test_a_walk_that_stopped_between_files_goes_on_with_the_next_one() -> None:
    account = Exporting(lines(1), lines(2), lines(3))
    steps = list(walk(CONTACTS, account, {}, CONTEXT))
    middle = next(step.page.state for step in steps if step.page.records)
    assert "sig" not in json.dumps(dict(middle)), "the address of a file is secret"
    assert read(account, middle)[0] == ["2", "3"]


def test_between_exports_a_search_finds_what_changed() -> None:
    _, state = read(Exporting(lines(1)), {})
    account = Exporting(changed=2, told=2)
    ids, after = read(account, state)
    assert ids == ["0", "1"]
    assert len(account.asked) == 1
    assert account.asked[0].json == {"query": f"updated_at > TIMESTAMP '{state['since']}'"}
    assert after["full"] == state["full"]


def test_more_changes_than_a_search_shows_and_a_week_gone_mean_another_export() -> None:
    _, state = read(Exporting(lines(1)), {})
    assert read(Exporting(changed=50, told=51), state)[1] == {}
    later = replace(CONTEXT, now=NOW + timedelta(days=7))
    assert read(Exporting(), state, later)[1] == {}


def test_an_export_that_is_still_made_is_asked_for_again_and_one_that_failed_begins_anew() -> None:
    assert meant(CONNECTOR, 200, {"status": "pending"}) is Disposition.RETRY
    asked = CONTACTS.request({"export": "e1", "began": "2026-11-23T00:00:00Z"}, CONTEXT)
    with pytest.raises(StateReset):
        CONTACTS.parse(asked, reply({"status": "failure"}), {"export": "e1"}, CONTEXT)
    with pytest.raises(BadReply):
        CONTACTS.parse(CONTACTS.request({}, CONTEXT), reply({}), {}, CONTEXT)


@pytest.mark.parametrize("body", [gzip.compress(lines(1), mtime=0)[:-4], b"\x1f\x8bnothing"], ids=["cut", "not packed"])
def test_a_file_that_breaks_off_is_not_taken_for_the_whole(body: bytes) -> None:
    with pytest.raises(BadReply):
        read(Exporting(body), {})


@pytest.mark.parametrize(
    ("status", "message", "disposition"),
    [
        (401, "authorization required", Disposition.CREDENTIAL_REJECTED),
        (401, "The provided authorization grant is invalid, expired, or revoked", Disposition.CREDENTIAL_REJECTED),
        (403, "access forbidden", Disposition.SCOPE_MISSING),
        (403, "Too many bad requests. Temporary block", Disposition.RATE_LIMITED),
        (404, "not found", Disposition.FAIL),
        (406, "accept json", Disposition.FAIL),
        (400, "bad", Disposition.FAIL),
        (413, "too large", Disposition.FAIL),
        (415, "not json", Disposition.FAIL),
        (422, "bad", Disposition.FAIL),
        (429, "too many requests", Disposition.RATE_LIMITED),
        (500, "oops", Disposition.RETRY),
        (502, "oops", Disposition.RETRY),
        (503, "oops", Disposition.RETRY),
        (504, "oops", Disposition.RETRY),
    ],
)
def test_each_error_means_what_the_vendor_says(status: int, message: str, disposition: Disposition) -> None:
    assert meant(CONNECTOR, status, {"errors": [{"field": None, "message": message}]}) is disposition


def test_a_key_has_the_vendors_form_and_the_region_is_one_of_two() -> None:
    token, region = CONNECTOR.auth[0].fields
    for wrong in ("SG.short", "sk-" + "a" * 60):
        with pytest.raises(CredentialMalformed):
            token.check(wrong)
    assert (region.check(""), region.check("api.eu")) == ("api", "api.eu")
    with pytest.raises(CredentialMalformed):
        region.check("evil.example/")
    assert CONNECTOR.allows("api.eu.sendgrid.com")
    assert not CONNECTOR.allows("api.sendgrid.com.evil.example")


# Webhooks: the vector that the vendor's SDK signs with, and its key.

KEY = (
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEykD1tE8bRy/ut9TTzZcWVwIZ4Xx4osR/NA5vMy/3aAJnlSVPapoGaqqGK3Itwlk6MrSmJyDkHPH"
    "/iR4VHbbWEg=="
)
SIGNED = "MEUCICSjfSVz4qpR8sOHqSIuJu9HyoTGXVXuT9fDoy4MKO5fAiEAi1GFZcyNGKN41ji6IQTWLFkRLmtEa09xgNChiZgOByE="
EVENTS = (
    b'[{"email":"ada@example.com","event":"delivered","sg_event_id":"ZGVsaXZlcmVk","sg_message_id":"abc.recvd-1",'
    b'"timestamp":1750000000}]\r\n'
)
AT = datetime.fromtimestamp(1_750_000_001, UTC)


def called(**changed: Any) -> Delivery:
    headers = {
        "x-twilio-email-event-webhook-signature": SIGNED,
        "x-twilio-email-event-webhook-timestamp": "1750000001",
    }
    return replace(Delivery(method="POST", url="https://hooks.example.com/", headers=headers, body=EVENTS), **changed)


def test_a_call_is_accepted_with_the_line_end_that_closes_it() -> None:
    assert CONNECTOR.inbound is not None
    verify, values = CONNECTOR.inbound.verify, {"verification_key": KEY}
    verify(called(), values, AT)
    for wrong in (called(body=EVENTS.rstrip()), called(headers={})):
        with pytest.raises(SignatureRefused):
            verify(wrong, values, AT)
    with pytest.raises(SignatureRefused):
        verify(called(), values, AT + timedelta(minutes=11))
    (event,) = CONNECTOR.inbound.events(called())
    assert (event.id, event.kind, event.stream) == ("ZGVsaXZlcmVk", "delivered", "")
    bounced = b'[{"event":"bounce","email":"a@x.example","sg_event_id":"e2"}]'
    (event,) = CONNECTOR.inbound.events(called(body=bounced))
    assert (event.stream, event.key) == ("bounces", {"email": "a@x.example"})


@pytest.mark.parametrize(
    ("event", "key", "deleted"),
    [
        ({"event": "group_unsubscribe", "asm_group_id": 7}, {"group_id": "7", "email": "a@x.example"}, False),
        ({"event": "group_resubscribe", "asm_group_id": 7}, {"group_id": "7", "email": "a@x.example"}, True),
        ({"event": "group_resubscribe"}, {}, False),
    ],
)
def test_who_leaves_a_group_is_a_row_of_it_and_who_comes_back_is_gone_from_it(
    event: dict[str, Any], key: dict[str, str], deleted: bool
) -> None:
    assert CONNECTOR.inbound is not None
    body = json.dumps([{"email": "a@x.example", **event}]).encode()
    (found,) = CONNECTOR.inbound.events(called(body=body))
    assert (found.stream, found.key, found.deleted) == ("group_suppressions", key, deleted)


def test_events_without_an_id_are_told_apart_by_what_they_say() -> None:
    assert CONNECTOR.inbound is not None
    body = b'[{"event":"open","email":"a@x.example"},{"event":"open","email":"b@x.example"}]'
    first, second = CONNECTOR.inbound.events(called(body=body))
    assert first.id
    assert first.id != second.id


# Writes


def writing() -> Rig:
    """A key that may write as well."""
    rig = Rig(connector=CONNECTOR, method="api_key", sandbox=sandbox_of("sendgrid", 60))
    (held,) = rig.sandbox.accepted.of("sendgrid")
    more = ("marketing.write", "suppression.create", "suppression.delete")
    rig.sandbox.accepted.add(replace(held, scopes=(*held.scopes, *more)))
    return rig


def test_a_list_is_made_renamed_and_dropped() -> None:
    write = CONNECTOR.stream("lists").write
    assert write is not None
    written_and_gone(writing(), write, {"name": "Made"}, {"name": "Renamed"})


def test_a_contact_is_put_by_its_address_and_taken_away() -> None:
    rig, write = writing(), CONTACTS.write
    assert write is not None
    assert write.create is not None
    assert write.delete is not None
    record: dict[str, JSON] = {
        "email": "made@sandbox.example",
        "first_name": "Made",
        "phone_number": "1",
        "list_ids": ["l1"],
    }
    asked = write.create(record, rig.context())
    assert asked.json == {
        "contacts": [{"email": "made@sandbox.example", "first_name": "Made", "phone_number_id": "1"}],
        "list_ids": ["l1"],
    }
    assert "job_id" in write.created(rig.client.send(asked))
    rig.client.send(write.create({"email": "made@sandbox.example", "first_name": "Again"}, rig.context()))
    made = [row for row in rig.read(CONTACTS).live.values() if row["email"] == "made@sandbox.example"]
    assert [row["first_name"] for row in made] == ["Again"]
    rig.client.send(write.delete({"id": made[0]["id"]}, None, rig.context()))
    assert not [row for row in rig.read(CONTACTS).live.values() if row["email"] == "made@sandbox.example"]
    with pytest.raises(UsageError):
        write.create({"first_name": "Nobody"}, rig.context())


@pytest.mark.parametrize("name", ["bounces", "blocks", "invalid_emails", "spam_reports", "unsubscribes"])
def test_an_address_is_taken_off_a_list_of_suppressions(name: str) -> None:
    rig, stream = writing(), CONNECTOR.stream(name)
    write = stream.write
    assert write is not None
    assert write.delete is not None
    if write.create is not None:
        rig.client.send(write.create({"email": "made@sandbox.example"}, rig.context()))
    before = {row["email"] for row in rig.read(stream).live.values()}
    gone = "made@sandbox.example" if write.create is not None else min(before)
    assert gone in before
    rig.client.send(write.delete({"email": gone}, None, rig.context()))
    assert {row["email"] for row in rig.read(stream).live.values()} == before - {gone}
