"""HubSpot: the full list, then changes by search without its ceiling, then archived records once a day."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.hubspot import CONNECTOR
from connectors.hubspot.streams import COMPANIES, CONTACTS, TICKETS
from connectors.sdk.base import Stream
from connectors.sdk.driver import walk
from connectors.sdk.inbound import Delivery
from core.classify import Disposition, classify
from core.errors import CredentialMalformed, SignatureRefused
from core.http import Request, Response
from core.model import Context, Deletion, State
from core.pacing import Observation
from tests.columns import rows
from tests.connectors.replies import CONTEXT, NOW, meant, reply
from tests.connectors.writing import written_and_gone
from tests.contract.rig import Rig, sandbox_of

MS = int(NOW.timestamp() * 1000)
OVERLAP = 5 * 60 * 1000


def contact(number: int, **properties: str | None) -> dict[str, Any]:
    return {
        "id": str(number),
        "properties": {"email": f"{number}@example.com", **properties},
        "createdAt": "2026-01-01T00:00:00.000Z",
        "updatedAt": "2026-11-01T00:00:00.000Z",
        "archived": False,
    }


class Crm:
    """Contacts with the moment of their last change, and archived ones. Pages are smaller than the real ones."""

    def __init__(self, changed: dict[int, int], archived: list[int], size: int = 3) -> None:
        self.changed, self.archived, self.size = changed, archived, size
        self.asked: list[Request] = []

    def send(self, request: Request) -> Response:
        self.asked.append(request)
        return self._search(request) if request.method == "POST" else self._list(request)

    def _list(self, request: Request) -> Response:
        archived = request.params["archived"] == "true"
        there = sorted(self.archived if archived else self.changed)
        begin = int(str(request.params.get("after", 0)))
        body: dict[str, Any] = {"results": [contact(n) for n in there[begin : begin + self.size]]}
        if begin + self.size < len(there):
            body["paging"] = {"next": {"after": str(begin + self.size)}}
        return reply(body)

    def _search(self, request: Request) -> Response:
        assert isinstance(request.json, dict)
        body: Any = request.json
        since, after = 0, 0
        for filter_ in body["filterGroups"][0]["filters"]:
            if filter_["propertyName"] == "lastmodifieddate":
                assert filter_["operator"] == "GTE"
                since = int(filter_["value"])
            else:
                assert (filter_["propertyName"], filter_["operator"]) == ("hs_object_id", "GT")
                after = int(filter_["value"])
        there = sorted(number for number, at in self.changed.items() if at >= since and number > after)
        told: dict[str, Any] = {"total": len(there), "results": [contact(n) for n in there[: self.size]]}
        if len(there) > self.size:
            told["paging"] = {"next": {"after": str(self.size)}}
        return reply(told)

    def walk(self, state: State, *, context: Context = CONTEXT, pages: int | None = None) -> tuple[Any, ...]:
        """The ids read, the ids deleted, and the state after the walk (or after so many pages)."""
        read: list[int] = []
        gone: list[int] = []
        for number, step in enumerate(walk(CONTACTS, self.send, state, context), 1):
            read += [int(json.loads(record)["id"]) for record in step.page.records]
            gone += [int(deletion.match["id"]) for deletion in step.page.deleted]
            state = json.loads(json.dumps(dict(step.page.state)))
            if number == pages:
                break
        return read, gone, state


def test_a_first_walk_lists_everything_and_marks_when_it_began() -> None:
    crm = Crm(dict.fromkeys(range(1, 8), 0), archived=[99])
    read, gone, state = crm.walk({})
    assert (sorted(read), gone) == (list(range(1, 8)), [])
    assert state == {"since": MS - OVERLAP, "archived_on": "2026-11-23"}
    assert {one.method for one in crm.asked} == {"GET"}


def test_a_walk_that_was_stopped_keeps_the_time_it_began() -> None:
    crm = Crm(dict.fromkeys(range(1, 8), 0), archived=[])
    _, _, state = crm.walk({}, pages=1)
    assert state == {"after": "3", "began": MS}
    later = Context(now=NOW + timedelta(hours=3))
    read, _, state = crm.walk(state, context=later)
    assert read == [4, 5, 6, 7]
    assert state["since"] == MS - OVERLAP


def test_changes_are_searched_by_id_so_that_no_ceiling_is_met() -> None:
    crm = Crm(dict.fromkeys(range(1, 11), MS) | {50: 0}, archived=[])
    read, _, state = crm.walk({"since": MS - OVERLAP, "archived_on": "2026-11-23"})
    assert read == list(range(1, 11))
    assert state == {"since": MS - OVERLAP, "archived_on": "2026-11-23"}
    for request in crm.asked:
        assert isinstance(request.json, dict)
        assert "after" not in request.json
        assert request.json["sorts"] == [{"propertyName": "hs_object_id", "direction": "ASCENDING"}]


def test_archived_records_are_looked_at_once_a_day() -> None:
    crm = Crm({}, archived=[5, 6, 7, 8])
    read, gone, state = crm.walk({"since": MS, "archived_on": "2026-11-22"})
    assert (read, gone) == ([], [5, 6, 7, 8])
    assert state == {"since": MS - OVERLAP, "archived_on": "2026-11-23"}
    _, gone, _ = crm.walk(state)
    assert gone == []


def test_an_archived_record_is_a_deletion() -> None:
    state: State = {"since": 0, "archived_on": "2026-11-23", "archived_after": ""}
    asked = CONTACTS.request(state, CONTEXT)
    assert asked.params["archived"] == "true"
    page = CONTACTS.parse(asked, reply({"results": [contact(7)]}), state, CONTEXT)
    assert (list(page.records), page.deleted) == ([], [Deletion(match={"id": "7"})])


@given(
    changed=st.dictionaries(st.integers(1, 200), st.sampled_from([0, MS - OVERLAP, MS]), max_size=25),
    archived=st.lists(st.integers(300, 330), unique=True, max_size=10),
    stops=st.lists(st.integers(1, 3), max_size=5),
    began=st.sampled_from([{}, {"since": MS - OVERLAP, "archived_on": "2026-11-22"}]),
)
def test_no_change_is_missed_under_any_stop(
    changed: dict[int, int], archived: list[int], stops: list[int], began: State
) -> None:
    whole_read, whole_gone, after = Crm(changed, archived).walk(began)
    crm, state = Crm(changed, archived), began
    read, gone = set[int](), set[int]()
    for stop in stops:
        some, away, state = crm.walk(state, pages=stop)
        read, gone = read | set(some), gone | set(away)
        if state == after:
            break
    else:
        some, away, state = crm.walk(state)
        read, gone = read | set(some), gone | set(away)
    assert read >= set(whole_read)
    assert gone >= set(whole_gone)
    assert state == after


@pytest.mark.parametrize(("stream", "modified"), [(CONTACTS, "lastmodifieddate"), (COMPANIES, "hs_lastmodifieddate")])
def test_contacts_call_their_time_of_change_otherwise(stream: Stream, modified: str) -> None:
    body: Any = stream.request({"since": 5}, CONTEXT).json
    assert body["filterGroups"][0]["filters"] == [{"propertyName": modified, "operator": "GTE", "value": "5"}]


def test_properties_are_asked_for_by_name() -> None:
    asked = str(TICKETS.request({}, CONTEXT).params["properties"]).split(",")
    body: Any = TICKETS.request({"since": 5}, CONTEXT).json
    assert asked == body["properties"]
    assert {"subject", "hs_ticket_priority", "hs_lastmodifieddate"} <= set(asked)
    assert len(str(CONTACTS.request({}, CONTEXT).params["properties"])) < 15_000


def test_property_values_are_texts_that_have_types() -> None:
    page = COMPANIES.parse(
        COMPANIES.request({}, CONTEXT),
        reply({"results": [contact(1, numberofemployees="12", annualrevenue="1000.5", createdate="")]}),
        {},
        CONTEXT,
    )
    (row,) = rows(COMPANIES.columns, page.records)
    assert (row["numberofemployees"], row["annualrevenue"], row["createdate"]) == (12, 1000.5, None)


def test_the_search_has_a_budget_of_its_own_that_no_reply_tells() -> None:
    search, listing = CONTACTS.request({"since": 5}, CONTEXT), CONTACTS.request({}, CONTEXT)
    assert [limit.bucket for limit in CONNECTOR.rate_limit.covering(search)] == ["search"]
    assert [limit.bucket for limit in CONNECTOR.rate_limit.covering(listing)] == ["burst"]
    headers = {"x-hubspot-ratelimit-remaining": "0", "x-hubspot-ratelimit-interval-milliseconds": "10000"}
    told = CONNECTOR.rate_limit.dialect(listing, reply({}, headers=headers), 1000.0)
    assert told == (Observation(bucket="burst", remaining=0, resets_at=1010.0),)
    assert CONNECTOR.rate_limit.dialect(search, reply({}), 1000.0) == ()


def error(category: str, **more: Any) -> dict[str, Any]:
    return {"status": "error", "message": "…", "correlationId": "c", "category": category, **more}


@pytest.mark.parametrize(
    ("status", "body", "disposition"),
    [
        (401, error("EXPIRED_AUTHENTICATION"), Disposition.REFRESH_TOKEN),
        (401, error("INVALID_AUTHENTICATION"), Disposition.CREDENTIAL_REJECTED),
        (530, "error code: 1016", Disposition.CREDENTIAL_REJECTED),
        (403, error("MISSING_SCOPES", errors=[{"context": {"requiredGranularScopes": []}}]), Disposition.SCOPE_MISSING),
        (403, error("BANNED"), Disposition.SCOPE_MISSING),
        (404, error("OBJECT_NOT_FOUND"), Disposition.FAIL),
        (400, error("VALIDATION_ERROR"), Disposition.FAIL),
        (400, error("PROPERTY_DOESNT_EXIST"), Disposition.FAIL),
        (414, "", Disposition.FAIL),
        (409, error("CONFLICT"), Disposition.FAIL),
        (423, "", Disposition.RETRY),
        (477, "", Disposition.RETRY),
        (500, "", Disposition.RETRY),
        (502, "", Disposition.RETRY),
        (503, "", Disposition.RETRY),
        (504, "", Disposition.RETRY),
        (521, "", Disposition.RETRY),
        (524, "<html>", Disposition.RETRY),
        (429, {"errorType": "RATE_LIMIT", "policyName": "TEN_SECONDLY_ROLLING"}, Disposition.RATE_LIMITED),
        (429, {"errorType": "RATE_LIMIT", "policyName": "SECONDLY"}, Disposition.RATE_LIMITED),
        (429, error("RATE_LIMITS", policyName="DAILY"), Disposition.RATE_LIMITED),
        (400, {"error": "invalid_grant"}, Disposition.CREDENTIAL_REJECTED),
    ],
)
def test_errors_mean_what_the_vendor_says(status: int, body: Any, disposition: Disposition) -> None:
    assert meant(CONNECTOR, status, body) is disposition


@pytest.mark.parametrize(("hublet", "taken"), [("na1", True), ("eu1", True), ("ap1", True), ("na", False)])
def test_a_static_token_begins_with_its_hublet(hublet: str, taken: bool) -> None:
    token = f"pat-{hublet}-5a4db0c5-0000-4000-8000-000000000001"
    (field,) = CONNECTOR.method("service_key").fields
    if taken:
        assert field.check(token) == token
        return
    with pytest.raises(CredentialMalformed):
        field.check(token)


def test_the_account_is_the_portal() -> None:
    found = CONNECTOR.discover(reply({"portalId": 147, "timeZone": "Europe/Berlin"}))
    assert found == {"account": "portal 147", "portal_id": 147, "time_zone": "Europe/Berlin"}


# Webhooks

SECRET = "-".join(("11111111", "2222", "3333", "4444", "555555555555"))
EVENT = (
    b'[{"eventId":1,"subscriptionId":12345,"portalId":62515,"occurredAt":1750000000000,'
    b'"subscriptionType":"contact.propertyChange","attemptNumber":0,"objectId":123,"propertyName":"email",'
    b'"propertyValue":"ada@example.com"}]'
)


def called(**changed: Any) -> Delivery:
    headers = {
        "x-hubspot-request-timestamp": "1750000000000",
        "x-hubspot-signature-v3": "SAn73LKPiztYyeXLbOVpAU47YH1CShLxbQB8X+bCoqk=",
    }
    url = "https://hooks.example.com/webhooks/hubspot?tenant=42"
    return replace(Delivery(method="POST", url=url, headers=headers, body=EVENT), **changed)


def check_call(delivery: Delivery, *, late: float = 0.0) -> None:
    assert CONNECTOR.inbound is not None
    CONNECTOR.inbound.verify(delivery, {"client_secret": SECRET}, datetime.fromtimestamp(1_750_000_000 + late, UTC))


def test_a_call_signed_as_the_vendor_shows_is_accepted() -> None:
    check_call(called(), late=299)
    for altered in (
        called(body=EVENT + b" "),
        called(method="PUT"),
        called(url="https://hooks.example.com/webhooks/hubspot?tenant=43"),
        called(headers={**called().headers, "x-hubspot-request-timestamp": "1750000000001"}),
        called(headers={**called().headers, "x-hubspot-request-timestamp": "soon"}),
        called(headers={}),
    ):
        with pytest.raises(SignatureRefused):
            check_call(altered)
    with pytest.raises(SignatureRefused):
        check_call(called(), late=301)


def test_an_event_names_the_record_that_it_is_about() -> None:
    assert CONNECTOR.inbound is not None
    (event,) = CONNECTOR.inbound.events(called())
    assert (event.stream, event.key, event.account) == ("contacts", {"id": "123"}, "62515")
    assert event.at == datetime.fromtimestamp(1_750_000_000, UTC)
    gone = b'[{"eventId":2,"occurredAt":1,"subscriptionType":"object.deletion","objectTypeId":"0-3","objectId":7}]'
    (event,) = CONNECTOR.inbound.events(called(body=gone))
    assert (event.stream, event.key, event.deleted) == ("deals", {"id": "7"}, True)
    assert CONNECTOR.inbound.events(called(body=b'[{"eventId":3,"subscriptionType":"object.creation"}]'))[0].key == {}


# Writes


def test_a_record_is_written_by_its_columns() -> None:
    write = CONTACTS.write
    assert write is not None
    assert write.create is not None
    assert write.update is not None
    assert write.delete is not None
    created = write.create({"email": "ada@example.com", "phone": None}, CONTEXT)
    assert (created.method, created.path) == ("POST", "/crm/objects/2026-03/contacts")
    assert created.json == {"properties": {"email": "ada@example.com", "phone": ""}}
    assert not created.repeatable
    updated = write.update({"id": "7"}, {"jobtitle": "Countess"}, None, CONTEXT)
    assert (updated.method, updated.filled_path) == ("PATCH", "/crm/objects/2026-03/contacts/7")
    assert updated.json == {"properties": {"jobtitle": "Countess"}}
    deleted = write.delete({"id": "7"}, None, CONTEXT)
    assert (deleted.method, deleted.filled_path, deleted.json) == ("DELETE", "/crm/objects/2026-03/contacts/7", None)


@pytest.mark.parametrize("name", ["contacts", "companies", "deals", "tickets", "products", "line_items"])
def test_what_is_written_is_kept_changed_and_gone(name: str) -> None:
    rig = Rig(connector=CONNECTOR, method="service_key", sandbox=sandbox_of("hubspot", 60))
    stream = CONNECTOR.stream(name)
    column = {"contacts": "email", "deals": "dealname", "tickets": "subject"}.get(name, "name")
    assert stream.write is not None
    written_and_gone(rig, stream.write, {column: "made@sandbox.example"}, {column: "other@sandbox.example"})


@pytest.mark.parametrize(
    ("status", "category", "sentence"),
    [
        (403, "MISSING_SCOPES", "the scope that the stream needs"),
        (403, "BANNED", "support"),
        (400, "PROPERTY_DOESNT_EXIST", "streams of properties"),
        (400, "VALIDATION_ERROR", "form"),
        (404, "OBJECT_NOT_FOUND", "next sync"),
        (409, "CONFLICT", "names its id"),
    ],
)
def test_each_refusal_tells_what_to_do(status: int, category: str, sentence: str) -> None:
    rule = classify(reply(error(category), status), CONNECTOR.errors).rule
    assert rule is not None
    assert sentence in rule.advice


def test_ids_of_a_page_are_looked_up_together_and_each_pair_is_a_record() -> None:
    stream = CONNECTOR.stream("deal_contacts")
    first = stream.request({}, CONTEXT)
    told = {"results": [{"id": "7"}, {"id": "8"}], "paging": {"next": {"after": "8"}}}
    listed = stream.parse(first, reply(told), {}, CONTEXT)
    assert listed.next is not None
    assert listed.next.path.endswith("/deals/contacts/batch/read")
    assert listed.next.json == {"inputs": [{"id": "7"}, {"id": "8"}]}
    kinds = [{"category": "HUBSPOT_DEFINED", "typeId": 3, "label": None}]
    pairs = [{"toObjectId": 1, "associationTypes": kinds}, {"toObjectId": 2, "associationTypes": kinds}]
    body = {"status": "COMPLETE", "results": [{"from": {"id": "7"}, "to": pairs}]}
    page = stream.parse(listed.next, reply(body, 207), listed.state, CONTEXT)
    found = rows(stream.columns, page.records)
    assert [(row["deal_id"], row["contact_id"]) for row in found] == [("7", "1"), ("7", "2")]
    assert page.next is not None
    assert page.next.params["after"] == "8"


def test_a_stage_is_told_with_its_pipeline() -> None:
    stream = CONNECTOR.stream("deal_stages")
    stage = {"id": "won", "label": "Won", "displayOrder": 1, "metadata": {"isClosed": "true", "probability": "1.0"}}
    told = {"results": [{"id": "default", "label": "Sales", "stages": [stage]}]}
    page = stream.parse(stream.request({}, CONTEXT), reply(told), {}, CONTEXT)
    (row,) = rows(stream.columns, page.records)
    wanted = {"pipeline_id": "default", "pipeline_label": "Sales", "id": "won", "is_closed": True, "probability": 1.0}
    assert {name: row[name] for name in wanted} == wanted
