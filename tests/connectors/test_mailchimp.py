"""Mailchimp: a host per account, members that are archived or vanish, throttling without JSON."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.mailchimp import CONNECTOR
from connectors.mailchimp.streams import AUDIENCES, AUDIENCES_DAILY, CAMPAIGNS, MEMBERS, REPORTS
from connectors.sdk.auth import ApiKey, OAuth2
from connectors.sdk.driver import walk
from connectors.sdk.inbound import Answer, Delivery
from connectors.sdk.oauth2 import consent_url
from core.classify import Disposition, classify
from core.errors import CredentialMalformed, SignatureRefused, UsageError
from core.http import Request, Response
from core.model import Context, Deletion, State
from tests.columns import rows
from tests.connectors.replies import CONTEXT, NOW, meant, reply
from tests.connectors.writing import written_and_gone
from tests.contract.rig import Rig, sandbox_of

KEY = f"{'0123456789abcdef' * 2}-us21"
HASH = "0f8c53293177b8e9f1658ae7951a468e"


def context(now: datetime = NOW) -> Context:
    return Context(now=now, settings={"dc": "us21"}, parent={"id": "16ed"})


def member(number: int, **members: Any) -> dict[str, Any]:
    return {
        "id": f"{number:032x}",
        "list_id": "16ed",
        "email_address": f"{number}@example.com",
        "status": "subscribed",
        "last_changed": "2026-11-20T10:00:00+00:00",
        "timestamp_signup": "",
        **members,
    }


class Audience:
    """Members by status; a filter by time takes those that were changed on a later day."""

    def __init__(self, subscribed: int, archived: int = 0) -> None:
        self.subscribed = [member(n) for n in range(subscribed)]
        self.archived = [member(10_000 + n, status="archived") for n in range(archived)]
        self.asked: list[Request] = []

    def send(self, request: Request) -> Response:
        self.asked.append(request)
        there = self.archived if request.params.get("status") == "archived" else self.subscribed
        begin, count = int(str(request.params["offset"])), int(str(request.params["count"]))
        return reply({"members": there[begin : begin + count], "total_items": len(there)})

    def walk(self, state: State, now: datetime = NOW, pages: int | None = None) -> tuple[int, list[Deletion], State]:
        """How many records and which deletions a walk brings, and the state after it (or after so many pages)."""
        records, deleted = 0, list[Deletion]()
        for number, step in enumerate(walk(MEMBERS, self.send, state, context(now), width=2), 1):
            records += len(step.page.records)
            deleted += step.page.deleted
            state = step.page.state
            if number == pages:
                break
        return records, deleted, state


BETWEEN: State = {"since": "2026-11-22T12:00:00Z", "full": "2026-11-20T12:00:00Z"}


def test_a_full_walk_does_not_ask_for_archived_members() -> None:
    audience = Audience(3, archived=2)
    records, deleted, state = audience.walk({})
    assert (records, deleted) == (3, [])
    assert state == {"since": "2026-11-23T11:55:00Z", "full": "2026-11-23T12:00:00Z"}
    assert [one.params.get("status") for one in audience.asked] == [None]


def test_a_walk_for_changes_ends_with_those_that_were_archived_since() -> None:
    audience = Audience(1, archived=2)
    records, deleted, state = audience.walk(BETWEEN)
    assert records == 1
    assert deleted == [Deletion(match={"list_id": "16ed", "id": f"{10_000 + n:032x}"}) for n in range(2)]
    assert state == {"since": "2026-11-23T11:55:00Z", "full": BETWEEN["full"]}
    # Both parts ask from the same moment on.
    assert {one.params["since_last_changed"] for one in audience.asked} == {BETWEEN["since"]}


def test_the_look_at_archived_members_goes_on_after_a_stop_at_any_page() -> None:
    audience = Audience(1500, archived=2500)
    whole = audience.walk(BETWEEN)
    assert (whole[0], len(whole[1])) == (1510, 2520)
    state, deleted, stops = BETWEEN, set[str](), 0
    while stops == 0 or set(state) != {"since", "full"}:
        _, gone, state = audience.walk(state, pages=1)
        deleted |= {one.match["id"] for one in gone}
        stops += 1
    assert (len(deleted), state) == (2500, whole[2])
    assert stops == 5


def test_once_a_week_all_are_read_because_deleted_members_just_vanish() -> None:
    audience = Audience(1, archived=1)
    _, _, state = audience.walk(BETWEEN, now=NOW + timedelta(days=6))
    assert state == {}
    _, _, state = audience.walk(state, now=NOW + timedelta(days=6, hours=1))
    assert "since_last_changed" not in audience.asked[-1].params
    assert MEMBERS.sweep


def test_members_are_asked_in_an_order_that_changes_do_not_shift() -> None:
    request = MEMBERS.request({}, context())
    assert request.filled_path == "/3.0/lists/16ed/members"
    assert (request.params["sort_field"], request.params["sort_dir"]) == ("timestamp_opt", "ASC")
    assert (request.params["count"], request.params["offset"]) == (1000, 0)
    assert request.params["exclude_fields"] == "_links,members._links"


def test_pages_of_members_are_read_side_by_side() -> None:
    first = MEMBERS.request({}, context())
    assert MEMBERS.ahead is not None
    told = reply({"members": [], "total_items": 3000})
    assert [one.params["offset"] for one in MEMBERS.ahead(first, told)] == [990, 1980, 2970]


def test_dates_that_are_not_set_are_null() -> None:
    (row,) = rows(
        MEMBERS.columns, MEMBERS.parse(MEMBERS.request({}, context()), page(member(1)), {}, context()).records
    )
    assert row["timestamp_signup"] is None
    assert row["last_changed"] is not None


def page(*members: dict[str, Any]) -> Response:
    return reply({"members": list(members), "total_items": len(members)})


def test_the_counters_of_audiences_are_kept_day_by_day() -> None:
    assert (AUDIENCES.mode, AUDIENCES_DAILY.mode) == ("upsert", "snapshot")
    assert (AUDIENCES.sweep, AUDIENCES_DAILY.sweep) == (True, False)
    top = Context(now=NOW)
    assert AUDIENCES.request({}, top).fingerprint() == AUDIENCES_DAILY.request({}, top).fingerprint()


@pytest.mark.parametrize("stream", [AUDIENCES, CAMPAIGNS, REPORTS], ids=lambda stream: stream.name)
def test_small_lists_are_read_whole(stream: Any) -> None:
    top = Context(now=NOW)
    page = stream.parse(stream.request({}, top), reply({stream.name: [], "total_items": 0}), {}, top)
    assert (page.state, page.next, stream.sweep) == ({}, None, True)


def test_the_data_centre_is_the_end_of_the_key() -> None:
    method = CONNECTOR.method("api_key")
    assert isinstance(method, ApiKey)
    assert method.learn({"token": KEY}) == {"dc": "us21"}
    assert CONNECTOR.base_url.format_map(method.learn({"token": KEY})) == "https://us21.api.mailchimp.com"


def test_the_data_centre_of_a_grant_is_told_by_the_metadata() -> None:
    request = CONNECTOR.probe("oauth2", {})
    assert (request.base, request.path) == ("https://login.mailchimp.com", "/oauth2/metadata")
    found = CONNECTOR.discover(reply({"dc": "us3", "accountname": "Ada & Co", "role": "owner"}))
    assert found == {"account": "Ada & Co", "dc": "us3"}
    assert CONNECTOR.discover(reply({"account_name": "Ada & Co"})) == {"account": "Ada & Co"}


@pytest.mark.parametrize("dc", ["evil.example/", "us3@evil.example/", "us3.evil.example#", "a.b"])
def test_no_data_centre_leads_to_another_host(dc: str) -> None:
    host = Request(path="/3.0/lists", base=CONNECTOR.base_url.format_map({"dc": dc})).base
    assert host is not None
    name = host.removeprefix("https://").partition("/")[0].partition("#")[0].rpartition("@")[2]
    assert not CONNECTOR.allows(name)


def test_the_metadata_call_has_a_scheme_of_its_own() -> None:
    method, values = CONNECTOR.method("oauth2"), {"access_token": "t"}
    assert method.authorize(values, CONNECTOR.probe("oauth2", {})) == {"Authorization": "OAuth t"}
    assert method.authorize(values, MEMBERS.request({}, context())) == {"Authorization": "Bearer t"}


def test_consent_is_asked_without_scopes_and_without_pkce() -> None:
    method = CONNECTOR.method("oauth2")
    assert isinstance(method, OAuth2)
    url = consent_url(method, {"client_id": "1"}, redirect_uri="http://127.0.0.1/", state="s", verifier="v")
    assert url == (
        "https://login.mailchimp.com/oauth2/authorize"
        "?response_type=code&client_id=1&redirect_uri=http%3A%2F%2F127.0.0.1%2F&state=s"
    )


def test_two_of_the_ten_connections_are_left_to_others() -> None:
    assert CONNECTOR.rate_limit.concurrency == 8


def problem(title: str, status: int) -> dict[str, Any]:
    return {"type": "https://mailchimp.com/developer/marketing/docs/errors/", "title": title, "status": status}


@pytest.mark.parametrize(
    ("status", "body", "disposition"),
    [
        (401, problem("API Key Invalid", 401), Disposition.CREDENTIAL_REJECTED),
        (401, problem("API Key Missing", 401), Disposition.CREDENTIAL_REJECTED),
        (200, {"error": "invalid_token"}, Disposition.CREDENTIAL_REJECTED),
        (403, problem("Forbidden", 403), Disposition.SCOPE_MISSING),
        (403, problem("User Disabled", 403), Disposition.SCOPE_MISSING),
        (403, problem("WrongDatacenter", 403), Disposition.SCOPE_MISSING),
        (403, "<html>Access denied</html>", Disposition.RATE_LIMITED),
        (403, "", Disposition.RATE_LIMITED),
        (404, problem("Resource Not Found", 404), Disposition.SKIP),
        (404, "<html>", Disposition.FAIL),
        (400, problem("Invalid Resource", 400), Disposition.FAIL),
        (400, problem("Member Exists", 400), Disposition.FAIL),
        (400, problem("Member In Compliance State", 400), Disposition.FAIL),
        (405, problem("Method Not Allowed", 405), Disposition.FAIL),
        (414, "", Disposition.FAIL),
        (422, problem("Invalid Resource", 422), Disposition.FAIL),
        (426, "", Disposition.FAIL),
        (429, problem("Too Many Requests", 429), Disposition.RATE_LIMITED),
        (429, "", Disposition.RATE_LIMITED),
        (500, problem("Internal Server Error", 500), Disposition.RETRY),
        (502, "", Disposition.RETRY),
        (503, "", Disposition.RETRY),
        (504, "", Disposition.RETRY),
    ],
)
def test_errors_mean_what_the_vendor_says(status: int, body: Any, disposition: Disposition) -> None:
    assert meant(CONNECTOR, status, body) is disposition


@pytest.mark.parametrize("key", [KEY, f"{'a' * 32}-us3"])
def test_a_key_is_taken(key: str) -> None:
    (field,) = CONNECTOR.method("api_key").fields
    assert field.check(f"{key} ") == key


@pytest.mark.parametrize("key", ["0123456789abcdef" * 2, f"{'g' * 32}-us1", f"{'a' * 32}-us1.evil.example", ""])
def test_what_is_no_key_is_refused_before_any_call(key: str) -> None:
    (field,) = CONNECTOR.method("api_key").fields
    with pytest.raises(CredentialMalformed):
        field.check(key)


# Webhooks

FORM = (
    b"type=subscribe&fired_at=2026-06-15+15%3A06%3A40&data%5Bid%5D=8a25ff1d98&data%5Blist_id%5D=a6b5da1054"
    b"&data%5Bemail%5D=ada%40example.com"
)
SIGNED = "t=1781536000,v1=2e1845ad5bb7d57b0c68a4d8300cc7f122e450b7bd8e40a0f67ba75443281122"
AT = datetime.fromtimestamp(1_781_536_000, UTC)
SIGNING = {"signing_secret": "_".join(("mc", "test", "signing", "secret"))}


def called(body: bytes = FORM, signature: str = SIGNED, **params: str) -> Delivery:
    headers = {"x-mailchimp-signature": signature} if signature else {}
    return Delivery(method="POST", url="https://hooks.example.com/mc", headers=headers, params=params, body=body)


def test_a_signed_call_is_accepted_as_the_vendor_signs_it() -> None:
    assert CONNECTOR.inbound is not None
    verify = CONNECTOR.inbound.verify
    verify(called(), SIGNING, AT)
    for wrong in (called(body=FORM + b"&x=1"), called(signature=""), called(signature=SIGNED.replace("2e", "2f"))):
        with pytest.raises(SignatureRefused):
            verify(wrong, SIGNING, AT)
    with pytest.raises(SignatureRefused):
        verify(called(), SIGNING, AT + timedelta(minutes=6))


def test_an_unsigned_call_is_believed_by_the_secret_in_its_address_alone() -> None:
    assert CONNECTOR.inbound is not None
    verify, values = CONNECTOR.inbound.verify, {"address_secret": "in-the-address"}
    verify(called(signature="", secret="in-the-address"), values, AT)
    for wrong, known in ((called(signature=""), values), (called(signature="", secret="in-the-address"), {})):
        with pytest.raises(SignatureRefused):
            verify(wrong, known, AT)
    asked = Delivery(method="GET", url="https://hooks.example.com/mc", params={"secret": "in-the-address"})
    assert CONNECTOR.inbound.handshake(asked, values) == Answer()
    assert CONNECTOR.inbound.handshake(called(), values) is None


def test_an_event_names_the_member_by_the_address() -> None:
    assert CONNECTOR.inbound is not None
    (event,) = CONNECTOR.inbound.events(called())
    assert (event.kind, event.stream, event.at) == ("subscribe", "members", AT)
    assert event.key == {"list_id": "a6b5da1054", "id": hashlib.md5(b"ada@example.com").hexdigest()}
    (event,) = CONNECTOR.inbound.events(called(body=b"type=campaign&data%5Bid%5D=c1&data%5Blist_id%5D=l1"))
    assert (event.stream, event.key) == ("campaigns", {"id": "c1"})
    (event,) = CONNECTOR.inbound.events(called(body=b"type=upemail&data[new_email]=New@example.com&data[list_id]=l1"))
    assert event.key["id"] == hashlib.md5(b"new@example.com").hexdigest()


# Writes


def test_a_member_is_put_at_its_place() -> None:
    write = MEMBERS.write
    assert write is not None
    assert write.create is not None
    asked = write.create({"list_id": "l1", "email_address": "Ada@example.com", "first_name": "Ada"}, CONTEXT)
    assert (asked.method, asked.repeatable) == ("PUT", True)
    assert asked.filled_path.endswith("/" + hashlib.md5(b"ada@example.com").hexdigest())
    assert asked.json == {
        "email_address": "Ada@example.com",
        "merge_fields": {"FNAME": "Ada"},
        "status_if_new": "subscribed",
    }
    with pytest.raises(UsageError):
        write.create({"email_address": "ada@example.com"}, CONTEXT)


def test_a_written_member_is_kept_changed_and_archived() -> None:
    rig = Rig(connector=CONNECTOR, method="api_key", sandbox=sandbox_of("mailchimp", 60))
    audience = next(iter(rig.read(AUDIENCES).live.values()))["id"]
    assert MEMBERS.write is not None
    record = {"list_id": audience, "email_address": "made@sandbox.example", "first_name": "Made"}
    written_and_gone(rig, MEMBERS.write, record, {"first_name": "Changed"})


@pytest.mark.parametrize(
    ("status", "title", "sentence"),
    [
        (403, "WrongDatacenter", "data centre"),
        (403, "User Disabled", "enable it"),
        (403, "Forbidden", "role"),
        (400, "Member In Compliance State", "sign-up form"),
        (400, "Forgotten Email Not Subscribed", "deleted for good"),
        (400, "Member Exists", "change that member"),
    ],
)
def test_each_refusal_tells_what_to_do(status: int, title: str, sentence: str) -> None:
    rule = classify(reply(problem(title, status), status), CONNECTOR.errors).rule
    assert rule is not None
    assert sentence in rule.advice
