"""The simulated LinkedIn: versions, brackets that must be raw, URNs that must not, quotas of the day, little text."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from sandbox.credentials import Credential
from sandbox.linkedin import SCOPES, dialect
from sandbox.linkedin.content import PAGES, organization
from sandbox.linkedin.dialect import structure
from sandbox.linkedin.writes import kept
from sandbox.samples import SAMPLES
from sandbox.sandbox import Sandbox
from tests.sandbox.rig import authorize, client_of, differences, exchange, make_sandbox, redirected
from tests.shared import needs_shared, recorded

API = "https://api.linkedin.com"
TOKEN = SAMPLES["linkedin"]["access_token"]["token"]
HEADERS = {"LinkedIn-Version": "202607", "X-Restli-Protocol-Version": "2.0.0"}
URN = f"urn%3Ali%3Aorganization%3A{PAGES[0]}"
SHARES = f"/rest/organizationalEntityShareStatistics?q=organizationalEntity&organizationalEntity={URN}"
DAYS = "(timeRange:(start:1788220800000,end:1788393600000),timeGranularityType:DAY)"  # 1 and 2 September 2026


def member(sandbox: Sandbox, **headers: str) -> httpx.Client:
    client = client_of(sandbox, API, token=TOKEN)
    client.headers.update({**HEADERS, **headers})
    return client


def posts(client: httpx.Client, **params: Any) -> list[dict[str, Any]]:
    asked = {"q": "author", "author": organization(PAGES[0]), "count": 100, **params}
    return list(client.get("/rest/posts", params=asked).json()["elements"])


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (HEADERS, 200),
        ({"X-Restli-Protocol-Version": "2.0.0"}, 400),
        ({**HEADERS, "LinkedIn-Version": "2026-07"}, 400),
        ({**HEADERS, "LinkedIn-Version": "202511"}, 426),
        ({"LinkedIn-Version": "202607"}, 400),
    ],
)
def test_a_call_names_a_version_that_has_not_ended_and_the_protocol(headers: dict[str, str], status: int) -> None:
    client = client_of(make_sandbox("linkedin"), API, token=TOKEN, follow_redirects=False)
    client.headers.update(headers)
    told = client.get("/rest/organizationAcls", params={"q": "roleAssignee"})
    assert (told.status_code, "x-li-uuid" in told.headers) == (status, True)


@pytest.mark.parametrize(
    ("address", "status"),
    [
        (f"{SHARES}&timeIntervals={DAYS}", 200),
        (f"{SHARES}&timeIntervals={DAYS.replace('(', '%28').replace(')', '%29')}", 400),
        (f"{SHARES}&timeIntervals={DAYS.replace(',', '%2C')}", 400),
        (f"{SHARES}&timeIntervals={DAYS.replace(':', '%3A')}", 400),
        (f"{SHARES}&timeIntervals={DAYS[:-1]}", 400),
        (f"{SHARES}&timeIntervals={DAYS}&shares=List(urn%3Ali%3Ashare%3A1)", 200),
        (f"{SHARES}&timeIntervals={DAYS}&shares=List(urn:li:share:1)", 400),
        (f"{SHARES}&timeIntervals={DAYS}&shares=List%28urn%3Ali%3Ashare%3A1%29", 400),
        (SHARES.replace("%3A", ":"), 400),
        (f"/rest/networkSizes/{URN}?edgeType=COMPANY_FOLLOWED_BY_MEMBER", 200),
        (f"/rest/networkSizes/{URN.replace('%3A', ':')}?edgeType=COMPANY_FOLLOWED_BY_MEMBER", 400),
        ("/rest/socialActions/urn%3Ali%3Acomment%3A(urn%3Ali%3Aactivity%3A1%2C2)/comments", 400),
    ],
)
def test_brackets_of_structures_are_raw_and_urns_are_not(address: str, status: int) -> None:
    assert member(make_sandbox("linkedin")).get(httpx.URL(API + address)).status_code == status


def test_a_structure_is_read_as_it_is_written() -> None:
    assert structure(DAYS) == {
        "timeRange": {"start": "1788220800000", "end": "1788393600000"},
        "timeGranularityType": "DAY",
    }
    assert structure("List(urn%3Ali%3Ashare%3A1,b)") == ["urn:li:share:1", "b"]
    for wrong in ("", "a", "(a", "(a:1", "(a:1))", "(:1", "List(a", "(a:1)b", "%28a%3A1%29"):
        assert structure(wrong) is None, wrong


def test_each_whole_day_of_a_span_has_its_figures_and_no_day_that_is_not_over() -> None:
    sandbox = make_sandbox("linkedin")
    client, today = member(sandbox), int(sandbox.now().timestamp()) // 86_400 * 86_400_000
    span = f"(timeRange:(start:{today - 3 * 86_400_000},end:{today + 86_400_000}),timeGranularityType:DAY)"
    days = client.get(httpx.URL(f"{API}{SHARES}&timeIntervals={span}")).json()["elements"]
    assert [day["timeRange"]["start"] for day in days] == [today - n * 86_400_000 for n in (3, 2, 1)]
    assert "uniqueImpressionsCounts" in days[0]["totalShareStatistics"]
    (so_far,) = client.get(httpx.URL(API + SHARES)).json()["elements"]
    assert "uniqueImpressionsCount" in so_far["totalShareStatistics"]
    old = f"(timeRange:(start:{today - 400 * 86_400_000},end:{today}),timeGranularityType:DAY)"
    assert client.get(httpx.URL(f"{API}{SHARES}&timeIntervals={old}")).status_code == 400


def test_posts_come_by_change_or_by_creation_and_lead_on() -> None:
    sandbox = make_sandbox("linkedin")
    client = member(sandbox)
    for order, name in (("LAST_MODIFIED", "lastModifiedAt"), ("CREATED", "createdAt")):
        moments = [post[name] for post in posts(client, sortBy=order)]
        assert moments == sorted(moments, reverse=True)
        assert len(moments) > 5
    asked: dict[str, str | int] = {"q": "author", "author": organization(PAGES[0]), "count": 5}
    first = client.get("/rest/posts", params=asked).json()
    (link,) = first["paging"]["links"]
    second = client.get(httpx.URL(API + link["href"])).json()
    assert (link["rel"], second["paging"]["start"]) == ("next", 5)
    assert not {post["id"] for post in first["elements"]} & {post["id"] for post in second["elements"]}
    assert client.get("/rest/posts", params={**asked, "count": 101}).status_code == 400


def test_a_quota_is_of_one_resource_and_ends_with_the_day_in_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialect, "OF_MEMBER", 3)
    sandbox = make_sandbox("linkedin")
    client = member(sandbox)
    for _ in range(3):
        assert client.get("/rest/me").status_code == 200
    refused = client.get("/rest/me")
    assert (refused.status_code, "retry-after" in refused.headers) == (429, False)
    assert "Resource level throttle" in refused.json()["message"]
    assert client.get("/rest/organizationAcls", params={"q": "roleAssignee"}).status_code == 200
    sandbox.advance(hours=15)
    assert client.get("/rest/me").status_code == 429
    sandbox.advance(hours=1)
    assert client.get("/rest/me").status_code == 200


def consented(sandbox: Sandbox, scopes: str = " ".join(SCOPES)) -> dict[str, Any]:
    sandbox.oauth["linkedin"].auto_approve = True
    browser = client_of(sandbox, "https://www.linkedin.com")
    code = redirected(authorize(browser, "linkedin", "/oauth/v2/authorization", scope=scopes))["code"]
    return dict(exchange(browser, "linkedin", "/oauth/v2/accessToken", code).json())


def test_a_refresh_token_comes_back_and_shrinks_and_a_refused_one_is_a_bad_request() -> None:
    sandbox = make_sandbox("linkedin")
    granted = consented(sandbox)
    assert (granted["expires_in"], granted["refresh_token_expires_in"]) == (5_184_000, 31_536_000)
    sandbox.advance(days=61)
    client = client_of(sandbox, API, token=granted["access_token"])
    expired = client.get("/v2/userinfo")
    assert (expired.status_code, expired.json()["serviceErrorCode"]) == (401, 65602)
    form = {
        **SAMPLES["linkedin"]["oauth2"],
        "grant_type": "refresh_token",
        "refresh_token": granted["refresh_token"],
    }
    again = client.post("https://www.linkedin.com/oauth/v2/accessToken", data=form).json()
    assert again["refresh_token"] == granted["refresh_token"]
    assert again["refresh_token_expires_in"] == 31_536_000 - 61 * 86_400
    client.headers["authorization"] = f"Bearer {again['access_token']}"
    assert client.get("/v2/userinfo").json()["sub"]
    wrong = client.post("https://www.linkedin.com/oauth/v2/accessToken", data={**form, "refresh_token": "AQno"})
    assert (wrong.status_code, wrong.json()["error"]) == (400, "invalid_request")


def test_a_right_that_was_not_granted_is_403() -> None:
    sandbox = make_sandbox("linkedin")
    held = Credential(platform="linkedin", kind="access_token", secret="AQother", scopes=("r_organization_social",))
    sandbox.accepted.add(held)
    client = client_of(sandbox, API, token="AQother")
    client.headers.update(HEADERS)
    assert posts(client)
    refused = client.get("/rest/organizationAcls", params={"q": "roleAssignee"})
    assert (refused.status_code, refused.json()["code"]) == (403, "ACCESS_DENIED")


@pytest.mark.parametrize(
    ("sent", "stays"),
    [
        ("One (two)", "One "),
        ("One \\(two\\)", "One \\(two\\)"),
        ("{hashtag|\\#|news} @[Ada](urn:li:person:1) x", "{hashtag|\\#|news} @[Ada](urn:li:person:1) x"),
        ("a_b", "a"),
    ],
)
def test_a_text_ends_before_what_is_reserved_and_not_escaped(sent: str, stays: str) -> None:
    assert kept(sent) == stays


def test_what_is_written_is_told_in_a_header_and_changed_in_parts() -> None:
    client = member(make_sandbox("linkedin"))
    post = {
        "author": organization(PAGES[1]),
        "commentary": "Hello",
        "visibility": "PUBLIC",
        "distribution": {"feedDistribution": "MAIN_FEED", "targetEntities": [], "thirdPartyDistributionChannels": []},
        "lifecycleState": "PUBLISHED",
    }
    made = client.post("/rest/posts", json=post)
    assert (made.status_code, made.content, made.headers["x-restli-id"]) == (201, b"", made.headers["x-linkedin-id"])
    place = f"/rest/posts/{made.headers['x-restli-id'].replace(':', '%3A')}"
    patch = {"patch": {"$set": {"commentary": "Goodbye"}}}
    assert client.post(place, json=patch).status_code == 400, "the method is not named"
    client.headers["X-RestLi-Method"] = "PARTIAL_UPDATE"
    assert client.post(place, json=patch).status_code == 204
    assert client.get(place).json()["commentary"] == "Goodbye"
    assert client.post(place, json={"patch": {"$set": {"visibility": "CONNECTIONS"}}}).status_code == 400
    assert [client.delete(place).status_code for _ in range(2)] == [204, 204]
    assert client.get(place).status_code == 404
    assert client.post("/rest/posts", json={**post, "author": organization(1)}).status_code == 403


def test_answers_are_asked_for_by_the_comment_and_comments_go_with_their_post() -> None:
    client = member(make_sandbox("linkedin"))
    place = "/rest/socialActions/{}/comments"
    everywhere = {post["id"]: place.format(post["id"].replace(":", "%3A")) for post in posts(client)}
    found = {urn: client.get(address).json()["elements"] for urn, address in everywhere.items()}
    answered = [(urn, one) for urn, told in found.items() for one in told if "commentsSummary" in one]
    post, comment = answered[0]
    encoded = "".join(f"%{ord(c):02X}" if c in ":(),%" else c for c in comment["commentUrn"])
    answers = client.get(place.format(encoded)).json()["elements"]
    assert [one["parentComment"] for one in answers] == [comment["commentUrn"]] * len(answers)
    assert len(answers) == comment["commentsSummary"]["aggregatedTotalComments"]
    client.delete(f"/rest/posts/{post.replace(':', '%3A')}")
    assert client.get(everywhere[post]).status_code == 404


@needs_shared
@pytest.mark.parametrize(
    ("name", "address", "inside"),
    [
        ("organization_lookup", f"/rest/organizations/{PAGES[0]}", False),
        ("share_statistics", SHARES, True),
        ("follower_statistics", SHARES.replace("Share", "Follower"), True),
        ("total_follower_count", f"/rest/networkSizes/{URN}?edgeType=COMPANY_FOLLOWED_BY_MEMBER", False),
    ],
)
def test_replies_have_the_members_that_were_recorded(name: str, address: str, inside: bool) -> None:
    told = member(make_sandbox("linkedin")).get(httpx.URL(API + address)).json()
    ours = told["elements"][0] if inside else told
    found = differences(recorded("linkedin", f"airbyte/{name}"), ours)
    assert [one for one in found if "localized.ru_RU" not in one] == []
