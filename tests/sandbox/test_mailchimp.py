"""Mailchimp as its documents describe it: data centres, offset pages, filters, writes, reports, OAuth."""

from __future__ import annotations

import hashlib
from typing import Any

import httpx
import pytest

from sandbox.faults import Fault
from sandbox.mailchimp.webhooks import signature
from sandbox.samples import SAMPLES
from sandbox.sandbox import Sandbox
from tests.sandbox.rig import authorize, client_of, exchange, make_sandbox, redirected

KEY = SAMPLES["mailchimp"]["api_key"]["token"]
BASE = "https://us21.api.mailchimp.com/3.0"


@pytest.fixture
def sandbox() -> Sandbox:
    return make_sandbox("mailchimp", scale=120)


@pytest.fixture
def client(sandbox: Sandbox) -> httpx.Client:
    return client_of(sandbox, BASE, token=KEY)


@pytest.fixture
def members(client: httpx.Client) -> str:
    """The path of the members of the first audience."""
    return f"/lists/{client.get('/lists').json()['lists'][0]['id']}/members"


def digest(email: str) -> str:
    return hashlib.md5(email.lower().encode()).hexdigest()


def test_the_key_opens_its_own_data_centre_only(sandbox: Sandbox, client: httpx.Client) -> None:
    assert client.get("/ping").json() == {"health_status": "Everything's Chimpy!"}
    refused = client_of(sandbox, "https://us3.api.mailchimp.com/3.0", token=KEY).get("/ping")
    assert (refused.status_code, refused.json()["title"]) == (401, "API Key Invalid")
    assert refused.headers["content-type"].startswith("application/problem+json")


def test_the_key_may_also_be_a_basic_password(sandbox: Sandbox) -> None:
    assert client_of(sandbox, BASE, auth=("anystring", KEY)).get("/ping").status_code == 200
    assert client_of(sandbox, BASE).get("/ping").json()["title"] == "API Key Missing"


def test_the_account_tells_who_it_is(client: httpx.Client) -> None:
    told = client.get("/", params={"fields": "account_id,role,total_subscribers"}).json()
    assert set(told) == {"account_id", "role", "total_subscribers"}
    assert told["total_subscribers"] > 0


def test_offset_pages_cover_all_members_once(client: httpx.Client, members: str) -> None:
    pages = [client.get(members, params={"count": 50, "offset": offset}).json() for offset in (0, 50, 100, 150)]
    ids = [member["id"] for page in pages for member in page["members"]]
    assert [len(page["members"]) for page in pages] == [50, 50, 20, 0]
    assert len(set(ids)) == 120 == pages[0]["total_items"]


def test_a_page_is_ten_by_default_and_a_thousand_at_most(client: httpx.Client, members: str) -> None:
    assert len(client.get(members).json()["members"]) == 10
    refused = client.get(members, params={"count": 1001})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "count")


def test_a_member_is_known_by_the_digest_of_the_address(client: httpx.Client, members: str) -> None:
    member = client.get(members).json()["members"][4]
    assert member["id"] == digest(member["email_address"])
    assert client.get(f"{members}/{member['id']}").json() == member
    assert client.get(f"{members}/{digest('nobody@sandbox.example')}").status_code == 404


def test_fields_are_chosen_and_left_out_by_dotted_paths(client: httpx.Client, members: str) -> None:
    chosen = client.get(members, params={"fields": "members.id,members.merge_fields.FNAME,total_items"}).json()
    assert set(chosen) == {"members", "total_items"}
    assert set(chosen["members"][0]) == {"id", "merge_fields"}
    assert set(chosen["members"][0]["merge_fields"]) == {"FNAME"}
    rest = client.get(members, params={"exclude_fields": "members._links,_links"}).json()
    assert "_links" not in rest
    assert "_links" not in rest["members"][0]
    assert "email_address" in rest["members"][0]


def test_what_changed_since_is_found_and_sorted(sandbox: Sandbox, client: httpx.Client, members: str) -> None:
    since = sandbox.now()
    sandbox.advance(days=2)
    asked: dict[str, Any] = {"since_last_changed": since.isoformat(), "sort_field": "last_changed", "count": 1000}
    found = client.get(members, params={**asked, "sort_dir": "ASC"}).json()
    moments = [member["last_changed"] for member in found["members"]]
    assert 0 < found["total_items"] == len(moments) < 120
    assert moments == sorted(moments)
    earlier = client.get(members, params={"before_last_changed": since.isoformat(), "count": 1000}).json()
    total = client.get(members, params={"count": 1}).json()["total_items"]
    assert earlier["total_items"] + found["total_items"] == total


def test_a_date_that_is_none_is_refused_by_name(client: httpx.Client, members: str) -> None:
    refused = client.get(members, params={"since_last_changed": "yesterday"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "since_last_changed")


def test_statuses_add_up_to_all_and_the_counters_agree(client: httpx.Client, members: str) -> None:
    counts = {
        status: client.get(members, params={"status": status, "count": 1}).json()["total_items"]
        for status in ("subscribed", "unsubscribed", "cleaned", "pending")
    }
    assert sum(counts.values()) == 120
    stats = client.get("/lists").json()["lists"][0]["stats"]
    assert (stats["member_count"], stats["unsubscribe_count"]) == (counts["subscribed"], counts["unsubscribed"])


def test_archived_members_are_hidden_from_those_who_do_not_ask(client: httpx.Client, members: str) -> None:
    gone = client.get(members).json()["members"][0]["id"]
    assert client.delete(f"{members}/{gone}").status_code == 204
    assert client.delete(f"{members}/{gone}").status_code == 404
    assert client.get(members).json()["total_items"] == 119
    archived = client.get(members, params={"status": "archived"}).json()["members"]
    assert [(one["id"], one["status"]) for one in archived] == [(gone, "archived")]


def test_upsert_creates_with_a_status_and_then_changes(client: httpx.Client, members: str) -> None:
    place = f"{members}/{digest('ada@sandbox.example')}"
    body: dict[str, Any] = {"email_address": "ada@sandbox.example", "merge_fields": {"FNAME": "Ada"}}
    assert client.put(place, json=body).status_code == 400
    made = client.put(place, json={**body, "status_if_new": "pending"}).json()
    assert (made["status"], made["full_name"]) == ("pending", "Ada")
    again = client.put(place, json={**body, "status_if_new": "subscribed", "merge_fields": {"LNAME": "L"}}).json()
    assert (again["status"], again["merge_fields"]["FNAME"], again["merge_fields"]["LNAME"]) == ("pending", "Ada", "L")


def test_adding_a_member_who_is_there_is_refused(client: httpx.Client, members: str) -> None:
    known = client.get(members).json()["members"][0]["email_address"]
    refused = client.post(members, json={"email_address": known, "status": "subscribed"})
    assert (refused.status_code, refused.json()["title"]) == (400, "Member Exists")


def test_a_new_address_changes_the_id_but_not_the_contact(client: httpx.Client, members: str) -> None:
    old = client.get(members).json()["members"][0]
    new = client.patch(f"{members}/{old['id']}", json={"email_address": "new@sandbox.example"}).json()
    assert new["id"] == digest("new@sandbox.example") != old["id"]
    assert new["contact_id"] == old["contact_id"]
    assert client.get(f"{members}/{old['id']}").status_code == 404


def test_a_member_may_come_back_from_the_archive_but_not_from_oblivion(client: httpx.Client, members: str) -> None:
    one, two = client.get(members).json()["members"][:2]
    client.delete(f"{members}/{one['id']}")
    body = {"email_address": one["email_address"], "status_if_new": "subscribed"}
    assert client.put(f"{members}/{one['id']}", json=body).json()["status"] == "subscribed"
    assert client.get(members).json()["total_items"] == 120
    assert client.post(f"{members}/{two['id']}/actions/delete-permanent").status_code == 204
    assert client.get(f"{members}/{two['id']}").status_code == 404
    body = {"email_address": two["email_address"], "status_if_new": "subscribed"}
    assert client.put(f"{members}/{two['id']}", json=body).json()["title"] == "Forgotten Email Not Subscribed"


def test_tags_are_put_on_and_taken_off(client: httpx.Client, members: str) -> None:
    place = f"{members}/{client.get(members).json()['members'][0]['id']}"
    assert client.post(f"{place}/tags", json={"tags": [{"name": "New", "status": "active"}]}).status_code == 204
    assert "New" in [tag["name"] for tag in client.get(place).json()["tags"]]
    client.post(f"{place}/tags", json={"tags": [{"name": "New", "status": "inactive"}]})
    assert "New" not in [tag["name"] for tag in client.get(place).json()["tags"]]
    names = [one["name"] for one in client.get(members.replace("members", "segments")).json()["segments"]]
    assert "New" in names


def test_a_batch_tells_inside_a_200_what_failed(client: httpx.Client, members: str) -> None:
    known = client.get(members).json()["members"][0]["email_address"]
    given = [
        {"email_address": "b@sandbox.example", "status": "subscribed"},
        {"email_address": known, "status": "unsubscribed"},
        {"email_address": "nonsense", "status": "subscribed"},
    ]
    path = members.removesuffix("/members")
    told = client.post(path, json={"members": given, "update_existing": True}).json()
    assert (told["total_created"], told["total_updated"], told["error_count"]) == (1, 1, 1)
    refused = client.post(path, json={"members": given[1:2]}).json()
    assert refused["errors"][0]["error_code"] == "ERROR_CONTACT_EXISTS"


def test_opens_rise_after_sending_and_level_off(sandbox: Sandbox, client: httpx.Client) -> None:
    sandbox.advance(days=1)
    path = f"/reports/{client.get('/reports', params={'count': 1}).json()['reports'][0]['id']}"
    seen = []
    for _ in range(4):
        seen.append(client.get(path).json()["opens"]["unique_opens"])
        sandbox.advance(days=2)
    assert seen == sorted(seen)
    assert seen[3] - seen[2] <= seen[1] - seen[0]
    activity = client.get(f"{path}/email-activity", params={"count": 1000}).json()
    assert activity["total_items"] == len(activity["emails"]) >= seen[3]


def test_new_campaigns_appear_and_drafts_have_no_report(sandbox: Sandbox, client: httpx.Client) -> None:
    before = client.get("/campaigns", params={"count": 1}).json()["total_items"]
    since = sandbox.now()
    sandbox.advance(days=3)
    fresh = client.get("/campaigns", params={"since_create_time": since.isoformat(), "count": 1000}).json()
    assert client.get("/campaigns", params={"count": 1}).json()["total_items"] == before + fresh["total_items"] > before
    sandbox.advance(days=60)
    drafts = client.get("/campaigns", params={"status": "save", "count": 1000}).json()["campaigns"]
    assert client.get(f"/reports/{drafts[0]['id']}").status_code == 404


def test_ten_calls_at_once_are_served_and_the_eleventh_is_not(sandbox: Sandbox, client: httpx.Client) -> None:
    deepest: list[int] = []
    depth = 0

    def nested(seconds: float) -> None:
        nonlocal depth
        depth += 1
        if depth <= 10:
            deepest.append(client.get("/ping").status_code)

    sandbox.sleep, sandbox.latency = nested, 0.01
    assert client.get("/ping").status_code == 200
    assert sorted(deepest) == [200] * 9 + [429]


def test_the_network_before_mailchimp_may_refuse_without_words(sandbox: Sandbox, client: httpx.Client) -> None:
    sandbox.plan(Fault(kind="bare", args={"status": 403}))
    refused = client.get("/ping")
    assert (refused.status_code, refused.content) == (403, b"")


def test_consent_gives_a_token_without_end_and_the_metadata_tells_the_data_centre(sandbox: Sandbox) -> None:
    client = client_of(sandbox, "https://login.mailchimp.com")
    code = redirected(authorize(client, "mailchimp", "/oauth2/authorize", decision="approve"))["code"]
    tokens = exchange(client, "mailchimp", "/oauth2/token", code).json()
    assert set(tokens) == {"access_token", "expires_in", "scope"}
    sandbox.advance(days=400)
    metadata = client.get("/oauth2/metadata", headers={"authorization": f"OAuth {tokens['access_token']}"}).json()
    assert (metadata["dc"], metadata["api_endpoint"]) == ("us21", "https://us21.api.mailchimp.com")
    headers = {"authorization": f"Bearer {tokens['access_token']}"}
    assert client.get(f"{BASE}/ping", headers=headers).status_code == 200


def test_the_metadata_answers_a_wrong_token_with_200(sandbox: Sandbox) -> None:
    client = client_of(sandbox, "https://login.mailchimp.com")
    reply = client.get("/oauth2/metadata", headers={"authorization": "OAuth nonsense"})
    assert (reply.status_code, reply.json()) == (200, {"error": "invalid_token"})


def test_a_webhook_is_kept_and_its_secret_shown_once(client: httpx.Client, members: str) -> None:
    path = members.replace("members", "webhooks")
    made = client.post(path, json={"url": "https://hooks.sandbox.example/in", "events": {"subscribe": True}}).json()
    assert made["signing_secret"]
    kept = client.get(path).json()["webhooks"]
    assert [one["url"] for one in kept] == ["https://hooks.sandbox.example/in"]
    assert "signing_secret" not in kept[0]
    assert client.delete(f"{path}/{made['id']}").status_code == 204
    assert client.get(path).json()["total_items"] == 0


def test_the_days_of_an_audience_do_not_change_once_told(sandbox: Sandbox, client: httpx.Client, members: str) -> None:
    path = members.replace("members", "activity")
    before = client.get(path, params={"count": 5}).json()["activity"]
    assert [len(before), before[0]["day"]] == [5, sandbox.now().date().isoformat()]
    assert client.get(path, params={"count": 5}).json()["activity"] == before


def test_the_signature_is_that_of_a_known_example() -> None:
    body = (
        b"type=subscribe&fired_at=2026-06-15+15%3A06%3A40&data%5Bid%5D=8a25ff1d98&data%5Blist_id%5D=a6b5da1054"
        b"&data%5Bemail%5D=ada%40example.com"
    )
    digest = "2e1845ad5bb7d57b0c68a4d8300cc7f122e450b7bd8e40a0f67ba75443281122"
    assert signature("mc_test_signing_secret", 1781536000, body) == f"t=1781536000,v1={digest}"


def test_a_delivery_is_signed_only_where_a_secret_was_set(sandbox: Sandbox) -> None:
    plain = sandbox.deliver("mailchimp", "https://hooks.example.com/in", "")
    signed = sandbox.deliver("mailchimp", "https://hooks.example.com/in", "s")
    assert plain.body == signed.body
    assert plain.body.startswith(b"type=profile&")
    assert set(signed.headers) - set(plain.headers) == {"x-mailchimp-signature"}
