"""HubSpot as its documents describe it: lists, search, writes, batches, limits, errors."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from sandbox.hubspot.webhooks import signature_v3
from sandbox.samples import SAMPLES
from sandbox.sandbox import Sandbox
from sandbox.world import to_ms
from tests.sandbox.rig import authorize, client_of, exchange, make_sandbox, redirected

KEY = SAMPLES["hubspot"]["service_key"]["token"]
CONTACTS = "/crm/objects/2026-03/contacts"


@pytest.fixture
def sandbox() -> Sandbox:
    return make_sandbox("hubspot", scale=250, relaxed=True)


@pytest.fixture
def client(sandbox: Sandbox) -> httpx.Client:
    return client_of(sandbox, "https://api.hubapi.com", token=KEY)


def walk(client: httpx.Client, path: str, **params: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after: str | None = None
    while True:
        page = client.get(path, params={**params, **({"after": after} if after else {})}).json()
        found += page["results"]
        if "paging" not in page:
            return found
        after = page["paging"]["next"]["after"]


def search(client: httpx.Client, path: str = CONTACTS, **body: Any) -> httpx.Response:
    return client.post(f"{path}/search", json=body)


def where(name: str, operator: str, value: Any = None, **more: Any) -> list[dict[str, Any]]:
    asked = {"propertyName": name, "operator": operator, **({} if value is None else {"value": value}), **more}
    return [{"filters": [asked]}]


def test_the_account_tells_who_it_is(client: httpx.Client) -> None:
    details = client.get("/account-info/2026-03/details").json()
    assert details["portalId"] == 147000001
    assert client.get("/account-info/v3/details").json() == details


def test_a_walk_sees_every_contact_once(client: httpx.Client) -> None:
    contacts = walk(client, CONTACTS, limit=100)
    assert len(contacts) == 250
    assert len({contact["id"] for contact in contacts}) == 250


def test_a_walk_goes_on_where_it_was_while_records_come_and_go(sandbox: Sandbox, client: httpx.Client) -> None:
    first = client.get(CONTACTS, params={"limit": 100}).json()
    for contact in first["results"][:30]:
        client.delete(f"{CONTACTS}/{contact['id']}")
    rest = walk(client, CONTACTS, limit=100, after=first["paging"]["next"]["after"])
    assert len(first["results"]) + len(rest) == 250


def test_few_properties_come_by_themselves_and_unknown_ones_are_passed_over(client: httpx.Client) -> None:
    plain = client.get(CONTACTS).json()["results"]
    assert len(plain) == 10
    assert set(plain[0]["properties"]) == {
        "createdate", "email", "firstname", "hs_object_id", "lastmodifieddate", "lastname",
    }  # fmt: skip
    asked = client.get(CONTACTS, params={"properties": "phone,nonsense"}).json()["results"]
    assert set(asked[0]["properties"]) == {"phone", "createdate", "hs_object_id", "lastmodifieddate"}


@pytest.mark.parametrize("kind", ["contacts", "companies", "deals", "tickets"])
def test_every_property_is_a_string_or_null(client: httpx.Client, kind: str) -> None:
    names = [one["name"] for one in client.get(f"/crm/properties/2026-03/{kind}").json()["results"]]
    records = walk(client, f"/crm/objects/2026-03/{kind}", limit=100, properties=",".join(names))
    values = [value for record in records for value in record["properties"].values()]
    assert all(value is None or isinstance(value, str) for value in values)
    assert None in values


@pytest.mark.parametrize("limit", ["0", "101", "x"])
def test_a_page_has_between_one_and_a_hundred(client: httpx.Client, limit: str) -> None:
    refused = client.get(CONTACTS, params={"limit": limit})
    assert (refused.status_code, refused.json()["category"]) == (400, "VALIDATION_ERROR")


def test_what_is_archived_leaves_the_list_and_is_found_among_the_archived(client: httpx.Client) -> None:
    gone = client.get(CONTACTS).json()["results"][0]["id"]
    assert client.delete(f"{CONTACTS}/{gone}").status_code == 204
    assert client.delete(f"{CONTACTS}/{gone}").status_code == 204
    assert client.get(f"{CONTACTS}/{gone}").status_code == 404
    archived = client.get(CONTACTS, params={"archived": "true"}).json()["results"]
    assert [(one["id"], one["archived"]) for one in archived] == [(gone, True)]
    assert "archivedAt" in archived[0]
    assert search(client, filterGroups=where("hs_object_id", "EQ", gone)).json()["total"] == 0


def test_search_finds_what_changed_since_oldest_first(sandbox: Sandbox, client: httpx.Client) -> None:
    since = to_ms(sandbox.now())
    sandbox.advance(days=2)
    sorts = [{"propertyName": "lastmodifieddate", "direction": "ASCENDING"}]
    found = search(client, filterGroups=where("lastmodifieddate", "GTE", str(since)), sorts=sorts, limit=200).json()
    moments = [one["updatedAt"] for one in found["results"]]
    assert 0 < found["total"] == len(moments) < 250
    assert moments == sorted(moments)
    changed = [one for one in walk(client, CONTACTS, limit=100) if one["updatedAt"] >= "2026-09-07T08:00:00.000Z"]
    assert {one["id"] for one in changed} == {one["id"] for one in found["results"]}


def test_search_takes_instants_as_iso_text_too(sandbox: Sandbox, client: httpx.Client) -> None:
    by_ms = search(client, filterGroups=where("createdate", "LT", str(to_ms(sandbox.now()) - 10**10))).json()
    text = (sandbox.now() - timedelta(milliseconds=10**10)).isoformat()
    assert search(client, filterGroups=where("createdate", "LT", text)).json()["total"] == by_ms["total"] > 0


def test_search_pages_by_number_and_has_no_next_at_the_end(client: httpx.Client) -> None:
    first = search(client, limit=200).json()
    assert (first["total"], first["paging"]["next"]["after"]) == (250, "200")
    last = search(client, limit=200, after="200").json()
    assert len(last["results"]) == 50
    assert "paging" not in last


@pytest.mark.parametrize(
    ("name", "operator", "value", "more"),
    [
        ("lifecyclestage", "EQ", "lead", {}),
        ("lifecyclestage", "IN", None, {"values": ["lead", "customer"]}),
        ("lifecyclestage", "NOT_IN", None, {"values": ["lead"]}),
        ("phone", "HAS_PROPERTY", None, {}),
        ("jobtitle", "NOT_HAS_PROPERTY", None, {}),
        ("hs_object_id", "BETWEEN", "713000000100", {"highValue": "713000001000"}),
        ("company", "CONTAINS_TOKEN", "northwind", {}),
    ],
)
def test_each_operator_agrees_with_reading_everything(
    client: httpx.Client, name: str, operator: str, value: str | None, more: dict[str, Any]
) -> None:
    found = search(client, filterGroups=where(name, operator, value, **more), limit=200, properties=[name]).json()
    own = [one["properties"][name] for one in walk(client, CONTACTS, limit=100, properties=name)]
    tests: dict[str, Callable[[str | None], bool]] = {
        "EQ": lambda v: v == "lead",
        "IN": lambda v: v in ("lead", "customer"),
        "NOT_IN": lambda v: v is not None and v != "lead",
        "HAS_PROPERTY": lambda v: v is not None,
        "NOT_HAS_PROPERTY": lambda v: v is None,
        "BETWEEN": lambda v: 713000000100 <= int(v or 0) <= 713000001000,
        "CONTAINS_TOKEN": lambda v: "northwind" in (v or "").lower(),
    }
    assert 0 < found["total"] == sum(1 for one in own if tests[operator](one)) < 250


def test_filters_of_a_group_all_hold_and_of_the_groups_one(client: httpx.Client) -> None:
    lead, phone = where("lifecyclestage", "EQ", "lead")[0], where("phone", "HAS_PROPERTY")[0]
    either = search(client, filterGroups=[lead, phone]).json()["total"]
    both = search(client, filterGroups=[{"filters": lead["filters"] + phone["filters"]}]).json()["total"]
    alone = [search(client, filterGroups=[one]).json()["total"] for one in (lead, phone)]
    assert either + both == sum(alone)


@pytest.mark.parametrize(
    "body",
    [
        {"limit": 201},
        {"limit": 200, "after": "9900"},
        {"filterGroups": where("nonsense", "EQ", "x")},
        {"filterGroups": where("email", "SOUNDS_LIKE", "x")},
        {"filterGroups": where("email", "EQ")},
        {"filterGroups": where("email", "HAS_PROPERTY") * 6},
        {"sorts": ["email", "phone"]},
        {"query": "x" * 3001},
    ],
)
def test_a_search_that_hubspot_would_refuse_is_refused(client: httpx.Client, body: dict[str, Any]) -> None:
    refused = search(client, **body)
    assert (refused.status_code, refused.json()["category"]) == (400, "VALIDATION_ERROR")


def test_ten_thousand_is_the_end_of_a_search_but_ids_lead_around_it() -> None:
    client = client_of(make_sandbox("hubspot", scale=10_300, relaxed=True), "https://api.hubapi.com", token=KEY)
    sorts = [{"propertyName": "hs_object_id", "direction": "ASCENDING"}]
    last = search(client, sorts=sorts, limit=100, after="9900").json()
    assert (last["total"], last["paging"]["next"]["after"]) == (10_300, "10000")
    assert search(client, sorts=sorts, limit=100, after="10000").status_code == 400
    beyond = where("hs_object_id", "GT", last["results"][-1]["id"])
    assert search(client, filterGroups=beyond, sorts=sorts, limit=100).json()["total"] == 300


def test_a_contact_that_is_created_can_be_read_changed_and_found(client: httpx.Client) -> None:
    made = client.post(CONTACTS, json={"properties": {"email": "ada@sandbox.example", "num_notes": 3}})
    assert made.status_code == 201
    assert made.json()["properties"]["num_notes"] == "3"
    place = f"{CONTACTS}/{made.json()['id']}"
    changed = client.patch(place, json={"properties": {"firstname": "Ada", "phone": ""}}).json()
    assert changed["properties"]["firstname"] == "Ada"
    by_email = client.get(f"{CONTACTS}/ada@sandbox.example", params={"idProperty": "email", "properties": "phone"})
    assert by_email.json()["properties"]["phone"] == ""
    assert search(client, filterGroups=where("email", "EQ", "ada@sandbox.example")).json()["total"] == 1


def test_a_change_to_a_born_contact_moves_its_cursor_and_keeps_the_rest(sandbox: Sandbox, client: httpx.Client) -> None:
    before = client.get(CONTACTS).json()["results"][3]
    sandbox.advance(seconds=5)
    client.patch(f"{CONTACTS}/{before['id']}", json={"properties": {"firstname": "New"}})
    after = client.get(f"{CONTACTS}/{before['id']}").json()
    assert after["updatedAt"] == "2026-09-07T08:00:05.000Z"
    assert after["properties"]["firstname"] == "New"
    assert after["properties"]["email"] == before["properties"]["email"]


def test_an_address_that_is_taken_is_a_conflict_that_tells_whose(client: httpx.Client) -> None:
    taken = client.get(CONTACTS).json()["results"][0]
    refused = client.post(CONTACTS, json={"properties": {"email": taken["properties"]["email"].upper()}})
    assert (refused.status_code, refused.json()["category"]) == (409, "CONFLICT")
    assert refused.json()["message"] == f"Contact already exists. Existing ID: {taken['id']}"


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"nonsense": "1"}, "PROPERTY_DOESNT_EXIST"),
        ({"hs_object_id": "1"}, "READ_ONLY_VALUE"),
        ({"email": "no address"}, "INVALID_EMAIL"),
        ({"num_notes": "many"}, "INVALID_INTEGER"),
    ],
)
def test_a_value_that_is_not_valid_is_named(client: httpx.Client, values: dict[str, str], code: str) -> None:
    refused = client.post(CONTACTS, json={"properties": values})
    assert refused.status_code == 400
    assert code in refused.json()["message"]


def test_upsert_updates_creates_and_says_which(client: httpx.Client) -> None:
    known = client.get(CONTACTS).json()["results"][0]
    inputs = [
        {"id": address, "idProperty": "email", "properties": {"firstname": "Up"}, "objectWriteTraceId": str(place)}
        for place, address in enumerate((known["properties"]["email"], "fresh@sandbox.example"))
    ]
    reply = client.post(f"{CONTACTS}/batch/upsert", json={"inputs": inputs})
    assert reply.status_code == 200
    assert [(one["new"], one["objectWriteTraceId"]) for one in reply.json()["results"]] == [(False, "0"), (True, "1")]
    assert reply.json()["results"][0]["id"] == known["id"]
    assert reply.json()["results"][1]["properties"]["email"] == "fresh@sandbox.example"


def test_a_batch_that_fails_in_part_says_so(client: httpx.Client) -> None:
    inputs = [
        {"id": "good@sandbox.example", "idProperty": "email", "properties": {}},
        {"id": "bad@sandbox.example", "idProperty": "email", "properties": {"nonsense": "1"}},
    ]
    reply = client.post(f"{CONTACTS}/batch/upsert", json={"inputs": inputs})
    assert (reply.status_code, reply.json()["numErrors"]) == (207, 1)
    assert reply.json()["errors"][0]["context"] == {"ids": ["bad@sandbox.example"]}


def test_batches_read_update_and_archive_and_tell_what_is_lost(client: httpx.Client) -> None:
    ids = [one["id"] for one in client.get(CONTACTS).json()["results"][:2]]
    changes = [{"id": identity, "properties": {"city": "Ulm"}} for identity in ids]
    assert client.post(f"{CONTACTS}/batch/update", json={"inputs": changes}).status_code == 200
    asked = {"inputs": [{"id": identity} for identity in [*ids, "1"]], "properties": ["city"]}
    read = client.post(f"{CONTACTS}/batch/read", json=asked)
    assert read.status_code == 207
    assert [one["properties"]["city"] for one in read.json()["results"]] == ["Ulm", "Ulm"]
    assert read.json()["errors"][0]["context"] == {"ids": ["1"]}
    assert client.post(f"{CONTACTS}/batch/archive", json={"inputs": [{"id": ids[0]}]}).status_code == 204
    assert client.get(f"{CONTACTS}/{ids[0]}").status_code == 404


def test_a_batch_has_at_most_a_hundred(client: httpx.Client) -> None:
    inputs = [{"id": str(number)} for number in range(101)]
    assert client.post(f"{CONTACTS}/batch/read", json={"inputs": inputs}).status_code == 400


def test_a_batch_create_with_one_bad_input_creates_nothing(client: httpx.Client) -> None:
    inputs = [{"properties": {"name": "Good"}}, {"properties": {"nonsense": "1"}}]
    assert client.post("/crm/objects/2026-03/companies/batch/create", json={"inputs": inputs}).status_code == 400
    found = search(client, "/crm/objects/2026-03/companies", filterGroups=where("name", "EQ", "Good"))
    assert found.json()["total"] == 0


def test_contacts_and_companies_know_of_each_other(client: httpx.Client) -> None:
    contact = client.get(CONTACTS, params={"associations": "companies"}).json()["results"][0]
    company = contact["associations"]["companies"]["results"][0]["id"]
    path = "/crm/v4/associations/companies/contacts/batch/read"
    told = client.post(path, json={"inputs": [{"id": company}]}).json()["results"][0]
    assert int(contact["id"]) in {one["toObjectId"] for one in told["to"]}


def test_owners_are_paged_and_found_by_address(client: httpx.Client) -> None:
    owners = walk(client, "/crm/owners/2026-03", limit=2)
    assert len(owners) == 3
    found = client.get("/crm/owners/2026-03", params={"email": owners[1]["email"]}).json()["results"]
    assert [one["id"] for one in found] == [owners[1]["id"]]


def test_the_old_paths_answer_beside_the_dated_ones(client: httpx.Client) -> None:
    assert client.get("/crm/v3/objects/contacts").json()["results"] == client.get(CONTACTS).json()["results"]


def test_a_missing_or_unknown_key_is_named_as_such(sandbox: Sandbox, client: httpx.Client) -> None:
    refused = client.get(CONTACTS, headers={"authorization": "Bearer nonsense"})
    assert (refused.status_code, refused.json()["category"]) == (401, "INVALID_AUTHENTICATION")
    assert client_of(sandbox, "https://api.hubapi.com").get(CONTACTS).status_code == 401


def test_search_has_five_a_second_and_no_headers() -> None:
    sandbox = make_sandbox("hubspot")
    client = client_of(sandbox, "https://api.hubapi.com", token=KEY)
    replies = [search(client) for _ in range(6)]
    assert [reply.status_code for reply in replies] == [200] * 5 + [429]
    assert replies[5].json()["policyName"] == "SECONDLY"
    assert not [name for name in replies[0].headers if name.startswith("x-hubspot-ratelimit")]
    sandbox.advance(seconds=1)
    assert search(client).status_code == 200


def test_an_app_has_a_hundred_and_ten_calls_in_ten_seconds_and_sees_them_shrink() -> None:
    sandbox = make_sandbox("hubspot", auto_approve=True)
    client = client_of(sandbox, "https://api.hubapi.com")
    address = "https://app.hubspot.com/oauth/authorize"
    code = redirected(authorize(client, "hubspot", address, scope="oauth"))["code"]
    token = exchange(client, "hubspot", "https://api.hubapi.com/oauth/2026-03/token", code).json()["access_token"]
    client.headers["authorization"] = f"Bearer {token}"
    replies = [client.get("/account-info/2026-03/details") for _ in range(111)]
    assert [reply.headers["x-hubspot-ratelimit-remaining"] for reply in replies[:2]] == ["109", "108"]
    assert replies[0].headers["x-hubspot-ratelimit-max"] == "110"
    assert [reply.status_code for reply in replies[-2:]] == [200, 429]
    assert replies[-1].json()["policyName"] == "TEN_SECONDLY_ROLLING"
    sandbox.advance(seconds=10)
    assert client.get("/account-info/2026-03/details").status_code == 200


def test_a_static_key_is_told_what_is_left_of_its_day() -> None:
    client = client_of(make_sandbox("hubspot"), "https://api.hubapi.com", token=KEY)
    assert client.get(CONTACTS).headers["x-hubspot-ratelimit-daily-remaining"] == "649999"


def test_an_address_that_is_too_long_never_arrives(client: httpx.Client) -> None:
    assert client.get(CONTACTS, params={"properties": "x" * 16_000}).status_code == 414


def test_signatures_are_those_of_a_known_example() -> None:
    secret, timestamp = "11111111-2222-3333-4444-555555555555", "1750000000000"
    url = "https://hooks.example.com/webhooks/hubspot?tenant=42"
    body = (
        b'[{"eventId":1,"subscriptionId":12345,"portalId":62515,"occurredAt":1750000000000,'
        b'"subscriptionType":"contact.propertyChange","attemptNumber":0,"objectId":123,"propertyName":"email",'
        b'"propertyValue":"ada@example.com"}]'
    )
    assert signature_v3(secret, "POST", url, body, timestamp) == "SAn73LKPiztYyeXLbOVpAU47YH1CShLxbQB8X+bCoqk="
    coded = url.replace("?tenant", "%3Atenant")
    assert signature_v3(secret, "POST", coded, body, timestamp) == signature_v3(
        secret, "POST", url.replace("?tenant", ":tenant"), body, timestamp
    )


def test_a_delivery_is_about_the_last_change_and_signed(sandbox: Sandbox, client: httpx.Client) -> None:
    sandbox.advance(seconds=1)
    changed = client.get(CONTACTS).json()["results"][2]["id"]
    client.patch(f"{CONTACTS}/{changed}", json={"properties": {"jobtitle": "Admiral"}})
    made = sandbox.deliver("hubspot", "https://hooks.example.com/in", "secret")
    event = json.loads(made.body)[0]
    assert (event["objectId"], event["propertyValue"]) == (int(changed), "Admiral")
    stamp = made.headers["x-hubspot-request-timestamp"]
    assert made.headers["x-hubspot-signature-v3"] == signature_v3("secret", "POST", made.url, made.body, stamp)
