"""Salesforce as its documents describe it: queries and their pages, the recycle bin, rows, limits, three grants."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from dataclasses import replace
from typing import Any

import httpx
import pytest

from core.signing import jwt_rs256
from sandbox.assertions import sample_key
from sandbox.platform import Call
from sandbox.salesforce.dialect import windows
from sandbox.salesforce.objects import eighteen
from sandbox.samples import SAMPLES
from sandbox.sandbox import Sandbox
from sandbox.world import to_ms
from tests.sandbox.rig import CHALLENGE, VERIFIER, authorize, client_of, differences, exchange, make_sandbox, redirected
from tests.shared import recorded

SAMPLE = SAMPLES["salesforce"]
HOST = SAMPLE["client_credentials"]["login_host"]
LOGIN = "https://login.salesforce.com"
DATA = "/services/data/v66.0"
TOKEN = "/services/oauth2/token"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@pytest.fixture
def sandbox() -> Sandbox:
    return make_sandbox("salesforce", relaxed=True)


def run_as(sandbox: Sandbox, host: str = HOST) -> httpx.Response:
    app = {name: SAMPLE["client_credentials"][name] for name in ("client_id", "client_secret")}
    return client_of(sandbox, f"https://{host}").post(TOKEN, data={**app, "grant_type": "client_credentials"})


@pytest.fixture
def client(sandbox: Sandbox) -> httpx.Client:
    return client_of(sandbox, f"https://{HOST}", token=run_as(sandbox).json()["access_token"])


def ask(client: httpx.Client, query: str, call: str = "query") -> httpx.Response:
    return client.get(f"{DATA}/{call}", params={"q": query})


def found(client: httpx.Client, query: str, call: str = "query") -> list[dict[str, Any]]:
    page = ask(client, query, call).json()
    records: list[dict[str, Any]] = page["records"]
    while not page["done"]:
        page = client.get(page["nextRecordsUrl"]).json()
        records += page["records"]
    assert len(records) == page["totalSize"]
    return records


def code_of(reply: httpx.Response) -> tuple[int, str]:
    (error,) = reply.json()
    assert error["message"]
    return reply.status_code, error["errorCode"]


# Queries


def test_a_query_comes_page_by_page_in_its_order(client: httpx.Client) -> None:
    page = ask(client, "SELECT Id FROM Contact ORDER BY SystemModstamp, Id").json()
    assert (len(page["records"]), page["done"]) == (20, False)
    assert page["nextRecordsUrl"].startswith(f"{DATA}/query/0r8")
    records = found(client, "SELECT Id, SystemModstamp FROM Contact ORDER BY SystemModstamp, Id")
    assert len(records) == 60
    order = [(one["SystemModstamp"], one["Id"]) for one in records]
    assert order == sorted(order)
    assert records[0]["attributes"] == {"type": "Contact", "url": f"{DATA}/sobjects/Contact/{records[0]['Id']}"}


def test_conditions_hold_for_what_is_found(client: httpx.Client) -> None:
    every = found(client, "SELECT Id, SystemModstamp, Name FROM Account ORDER BY SystemModstamp, Id")
    at, after = every[9]["SystemModstamp"].replace("+0000", "Z"), every[9]["Id"]
    rest = found(
        client,
        f"SELECT Id FROM Account WHERE SystemModstamp >= {at} AND (SystemModstamp > {at} OR Id > '{after}') "
        "ORDER BY SystemModstamp, Id",
    )
    assert [one["Id"] for one in rest] == [one["Id"] for one in every[10:]]
    named = found(client, f"SELECT Id FROM Account WHERE Name = '{every[3]['Name']}'")
    assert [one["Id"] for one in named] == [every[3]["Id"]]
    assert len(found(client, "SELECT Id FROM Account ORDER BY Id DESC LIMIT 5")) == 5
    assert found(client, "SELECT Id FROM Account WHERE AnnualRevenue < 0") == []


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("SELECT FROM Account", "MALFORMED_QUERY"),
        ("SELECT Id Account", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account WHERE Id = '1' AND Name = 'x' OR Name = 'y'", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account WHERE CreatedDate > '2026-01-01'; DROP", "MALFORMED_QUERY"),
        ("", "MALFORMED_QUERY"),
        ("SELECT Id, Nothing__c FROM Account", "INVALID_FIELD"),
        ("SELECT Id FROM Account ORDER BY Nothing__c", "INVALID_FIELD"),
        ("SELECT Id, IsDeleted FROM User", "INVALID_FIELD"),
        ("SELECT Id FROM Nothing__c", "INVALID_TYPE"),
    ],
)
def test_a_wrong_query_is_refused(client: httpx.Client, query: str, code: str) -> None:
    assert code_of(ask(client, query)) == (400, code)


def test_the_eleventh_cursor_closes_the_first(client: httpx.Client) -> None:
    pages = [ask(client, "SELECT Id FROM Contact").json()["nextRecordsUrl"] for _ in range(11)]
    assert code_of(client.get(pages[0])) == (400, "INVALID_QUERY_LOCATOR")
    assert client.get(pages[1]).status_code == 200
    assert code_of(client.get(f"{DATA}/query/0r8unknown-20")) == (400, "INVALID_QUERY_LOCATOR")


def test_the_recycle_bin_is_seen_by_queryall_for_fifteen_days(sandbox: Sandbox, client: httpx.Client) -> None:
    number = client.post(f"{DATA}/sobjects/Account", json={"Name": "Made"}).json()["id"]
    query = f"SELECT Id, IsDeleted, SystemModstamp FROM Account WHERE Id = '{number}'"
    sandbox.advance(seconds=60)
    assert client.delete(f"{DATA}/sobjects/Account/{number}").status_code == 204
    assert found(client, query) == []
    (gone,) = found(client, query, "queryAll")
    assert gone["IsDeleted"] is True
    assert gone["SystemModstamp"] == sandbox.now().strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    assert code_of(client.get(f"{DATA}/sobjects/Account/{number}")) == (404, "ENTITY_IS_DELETED")
    sandbox.advance(days=15)
    token = run_as(sandbox).json()["access_token"]
    assert found(client_of(sandbox, f"https://{HOST}", token=token), query, "queryAll") == []


def test_what_is_described_can_be_asked_for(client: httpx.Client) -> None:
    for kind in ("Account", "Contact", "Lead", "Opportunity", "Case", "Campaign", "Task", "Event", "User"):
        fields = [one["name"] for one in client.get(f"{DATA}/sobjects/{kind}/describe").json()["fields"]]
        first = ask(client, f"SELECT {', '.join(fields)} FROM {kind} LIMIT 1").json()["records"][0]
        assert set(fields) == first.keys() - {"attributes"}
    assert code_of(client.get(f"{DATA}/sobjects/Nothing/describe")) == (404, "NOT_FOUND")


# Rows


def test_an_id_of_fifteen_characters_is_told_in_eighteen(client: httpx.Client) -> None:
    # Known pairs, of the recorded replies.
    for identity in ("001dM00003jU9GxQAK", "005dM00000aYf0qQAC", "00DdM00000vfgTuUAI", "500dM00003F2OMjQAN"):
        assert eighteen(identity[:15]) == identity
    number = ask(client, "SELECT Id FROM Account LIMIT 1").json()["records"][0]["Id"]
    assert client.get(f"{DATA}/sobjects/Account/{number[:15]}").json()["Id"] == number
    assert client.get(f"{DATA}/sobjects/Account/{number[:15]}XXX").status_code == 404


def test_a_younger_record_is_not_changed(sandbox: Sandbox, client: httpx.Client) -> None:
    made = client.post(f"{DATA}/sobjects/Account", json={"Name": "Made"})
    assert (made.status_code, made.json()["success"]) == (201, True)
    path = f"{DATA}/sobjects/Account/{made.json()['id']}"
    read = client.get(path)
    assert "etag" in read.headers
    guard = {"if-unmodified-since": read.headers["last-modified"]}
    sandbox.advance(seconds=5)
    assert client.patch(path, json={"Industry": "Energy"}, headers=guard).status_code == 204
    assert code_of(client.patch(path, json={"Industry": "Banking"}, headers=guard))[0] == 412
    assert client.get(path).json()["Industry"] == "Energy"


def test_an_upsert_makes_changes_or_asks_which(client: httpx.Client) -> None:
    path = f"{DATA}/sobjects/Contact/Email/twin%40sandbox.example"
    made = client.patch(path, json={"LastName": "One"})
    assert (made.status_code, made.json()["created"]) == (201, True)
    changed = client.patch(path, json={"LastName": "Two"})
    assert (changed.status_code, changed.json()["created"]) == (200, False)
    assert changed.json()["id"] == made.json()["id"]
    assert code_of(client.patch(path, json={"LastName": "Two", "Email": "x@y"})) == (400, "INVALID_FIELD")
    client.post(f"{DATA}/sobjects/Contact", json={"LastName": "Twin", "Email": "twin@sandbox.example"})
    several = client.patch(path, json={"LastName": "Three"})
    assert (several.status_code, len(several.json())) == (300, 2)
    assert code_of(client.patch(f"{DATA}/sobjects/Contact/Title/x", json={})) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({}, "REQUIRED_FIELD_MISSING"),
        ({"Name": "x", "Nothing": 1}, "INVALID_FIELD"),
        ({"Name": "x", "SystemModstamp": "2026-01-01T00:00:00Z"}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
        ([], "JSON_PARSER_ERROR"),
    ],
)
def test_a_wrong_record_is_refused(client: httpx.Client, members: Any, code: str) -> None:
    assert code_of(client.post(f"{DATA}/sobjects/Account", json=members)) == (400, code)


# Limits and versions


def test_calls_are_counted_over_a_day_for_the_whole_organization() -> None:
    sandbox = make_sandbox("salesforce")
    client = client_of(sandbox, f"https://{HOST}", token=run_as(sandbox).json()["access_token"])
    assert client.get(f"{DATA}/limits").headers["sforce-limit-info"] == "api-usage=1/15000"
    other = client_of(sandbox, f"https://{HOST}", token=run_as(sandbox).json()["access_token"])
    assert other.get(f"{DATA}/limits").headers["sforce-limit-info"] == "api-usage=2/15000"
    (window,) = windows(Call(method="GET", host=HOST, path=f"{DATA}/limits"))
    sandbox.limits.take([replace(window, cost=15_000 - 2)])
    assert code_of(client.get(f"{DATA}/limits")) == (403, "REQUEST_LIMIT_EXCEEDED")


def test_versions_come_and_go(client: httpx.Client, sandbox: Sandbox) -> None:
    versions = client_of(sandbox, f"https://{HOST}").get("/services/data").json()
    assert versions[0] == {"label": "Summer '14", "url": "/services/data/v31.0", "version": "31.0"}
    assert {"label": "Spring '26", "url": "/services/data/v66.0", "version": "66.0"} in versions
    assert code_of(client.get("/services/data/v30.0/limits")) == (410, "UNSUPPORTED_API_VERSION")
    assert code_of(client.get("/services/data/v99.0/limits")) == (404, "NOT_FOUND")


# Signing in


def consented(sandbox: Sandbox, **more: str) -> dict[str, Any]:
    client = client_of(sandbox, LOGIN)
    asked = {"decision": "approve", "code_challenge": CHALLENGE, "code_challenge_method": "S256", **more}
    answer = redirected(authorize(client, "salesforce", "/services/oauth2/authorize", **asked))
    reply = exchange(client, "salesforce", TOKEN, answer["code"], code_verifier=VERIFIER)
    assert reply.status_code == 200, reply.text
    told: dict[str, Any] = reply.json()
    return told


def test_a_token_reply_tells_host_and_signed_identity_and_no_expiry(sandbox: Sandbox) -> None:
    told = consented(sandbox, scope="api refresh_token id")
    assert told["instance_url"] == f"https://{HOST}"
    assert "expires_in" not in told
    assert told["issued_at"] == str(to_ms(sandbox.now()))
    message = f"{told['id']}{told['issued_at']}".encode()
    digest = hmac.new(SAMPLE["oauth2"]["client_secret"].encode(), message, hashlib.sha256).digest()
    assert told["signature"] == b64encode(digest).decode()
    who = client_of(sandbox, f"https://{HOST}", token=told["access_token"]).get("/services/oauth2/userinfo").json()
    assert told["id"].endswith(f"/{who['organization_id']}/{who['user_id']}")


def test_apps_must_prove_that_they_asked(sandbox: Sandbox) -> None:
    refused = authorize(client_of(sandbox, LOGIN), "salesforce", "/services/oauth2/authorize", decision="approve")
    assert redirected(refused)["error"] == "invalid_request"


def test_a_refresh_token_works_once_and_takes_its_family_along(sandbox: Sandbox) -> None:
    told, client = consented(sandbox, scope="api refresh_token"), client_of(sandbox, LOGIN)
    form = {**SAMPLE["oauth2"], "grant_type": "refresh_token", "refresh_token": told["refresh_token"]}
    renewed = client.post(TOKEN, data=form).json()
    assert renewed["refresh_token"] != told["refresh_token"]
    assert client.post(TOKEN, data=form).json()["error"] == "invalid_grant"
    dead = client_of(sandbox, f"https://{HOST}", token=renewed["access_token"]).get(f"{DATA}/limits")
    assert code_of(dead) == (401, "INVALID_SESSION_ID")


def test_client_credentials_are_taken_at_my_domain_alone(sandbox: Sandbox) -> None:
    assert "refresh_token" not in run_as(sandbox).json()
    refused = run_as(sandbox, "login.salesforce.com")
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")


def signed(sandbox: Sandbox, serial: int = 4, **more: Any) -> httpx.Response:
    claims: dict[str, Any] = {
        "iss": SAMPLE["jwt_bearer"]["client_id"],
        "sub": SAMPLE["jwt_bearer"]["username"],
        "aud": LOGIN,
    }
    claims |= {"exp": int(sandbox.now().timestamp()) + 120, **more}
    form = {"grant_type": JWT_BEARER, "assertion": jwt_rs256(sample_key(serial).pem, claims)}
    return client_of(sandbox, LOGIN).post(TOKEN, data=form)


def test_an_assertion_is_taken_where_all_of_it_is_right(sandbox: Sandbox) -> None:
    assert set(signed(sandbox).json()) == {"access_token", "instance_url", "id", "token_type", "scope"}
    now = int(sandbox.now().timestamp())
    for wrong in ({"exp": now - 60}, {"exp": now + 3600}, {"aud": "https://evil.example"}, {"sub": "else@x.example"}):
        refused = signed(sandbox, **wrong)
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    assert signed(sandbox, serial=3).json()["error"] == "invalid_grant"


def test_a_session_without_the_right_is_not_valid_here(sandbox: Sandbox) -> None:
    token = consented(sandbox, scope="refresh_token id")["access_token"]
    refused = client_of(sandbox, f"https://{HOST}", token=token).get(f"{DATA}/limits")
    assert code_of(refused) == (403, "INVALID_SESSION_ID")


# Shapes


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("query-records", "query?q=SELECT Id, Name FROM Account LIMIT 5"),
        ("query-all-records", "queryAll?q=SELECT Id, Name FROM Account LIMIT 5"),
        (
            "opportunities",
            "query?q=SELECT Id, Name, Amount, StageName, CloseDate, OwnerId, SystemModstamp FROM Opportunity",
        ),
        ("get-limits", "limits"),
    ],
)
def test_replies_have_the_shape_of_recorded_ones(client: httpx.Client, name: str, call: str) -> None:
    theirs = recorded("salesforce", f"nango/{name}")["exchanges"][0]["response"]["body"]
    ours = client.get(f"{DATA}/{call}").json()
    assert ours.keys() <= theirs.keys() | {"nextRecordsUrl"}
    assert differences({key: value for key, value in theirs.items() if key in ours}, ours) == []


def test_a_description_has_the_shape_of_a_recorded_one(client: httpx.Client) -> None:
    theirs = recorded("salesforce", "nango/describe-sobject")["exchanges"][0]["response"]["body"]
    ours = client.get(f"{DATA}/sobjects/Account/describe").json()
    assert ours.keys() <= theirs.keys()
    assert ours["fields"][0].keys() <= theirs["fields"][0].keys()
    types = {one["name"]: one["type"] for one in theirs["fields"]}
    same = [one for one in ours["fields"] if one["name"] in types]
    wrong = {one["name"]: (one["type"], types[one["name"]]) for one in same if one["type"] != types[one["name"]]}
    # What is told as a text or a choice makes no difference to a reader.
    assert all({told, ours} <= {"string", "picklist", "textarea", "phone", "url"} for ours, told in wrong.values()), (
        wrong
    )
