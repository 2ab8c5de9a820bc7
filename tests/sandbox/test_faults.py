"""Each kind of failure surfaces as a real socket would show it, at the call it was planned for."""

from __future__ import annotations

import json

import httpx
import pytest

from sandbox import faults
from sandbox.faults import KINDS, Fault
from sandbox.samples import SAMPLES
from sandbox.sandbox import Sandbox
from tests.sandbox.rig import client_of, make_sandbox

KEY = SAMPLES["hubspot"]["service_key"]["token"]
CONTACTS = "/crm/objects/2026-03/contacts"


@pytest.fixture
def slept() -> list[float]:
    return []


@pytest.fixture
def sandbox(slept: list[float]) -> Sandbox:
    return make_sandbox("hubspot", sleep=slept.append)


@pytest.fixture
def client(sandbox: Sandbox) -> httpx.Client:
    return client_of(sandbox, "https://api.hubapi.com", token=KEY, timeout=5.0)


def test_the_third_call_is_limited_and_says_when_to_come_back(sandbox: Sandbox, client: httpx.Client) -> None:
    sandbox.plan(Fault(match="*/contacts*", nth=3, kind="rate_limited", args={"retry_after": 2}))
    replies = [client.get(CONTACTS) for _ in range(4)]
    assert [reply.status_code for reply in replies] == [200, 200, 429, 200]
    assert replies[2].headers["retry-after"] == "2"
    assert replies[2].json()["policyName"] == "TEN_SECONDLY_ROLLING"


def test_a_limit_may_come_without_a_time(sandbox: Sandbox, client: httpx.Client) -> None:
    sandbox.plan(Fault(kind="rate_limited"))
    assert "retry-after" not in client.get(CONTACTS).headers


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_failing_platform_answers_in_its_own_error_body(sandbox: Sandbox, client: httpx.Client, status: int) -> None:
    sandbox.plan(Fault(kind="status", args={"status": status}, times=2))
    assert [client.get(CONTACTS).status_code for _ in range(3)] == [status, status, 200]


def test_a_fault_without_end_goes_on_until_the_plan_is_cleared(sandbox: Sandbox, client: httpx.Client) -> None:
    sandbox.plan(Fault(kind="status", times=0))
    assert {client.get(CONTACTS).status_code for _ in range(5)} == {503}
    sandbox.faults.clear()
    assert client.get(CONTACTS).status_code == 200


def test_a_match_may_name_the_method(sandbox: Sandbox, client: httpx.Client) -> None:
    sandbox.plan(Fault(match="POST *", kind="status"))
    assert client.get(CONTACTS).status_code == 200
    assert client.post(CONTACTS, json={"properties": {}}).status_code == 503


def test_a_body_that_is_cut_ends_in_a_protocol_error(sandbox: Sandbox, client: httpx.Client) -> None:
    sandbox.plan(Fault(kind="cut", args={"at": 512}))
    with pytest.raises(httpx.RemoteProtocolError, match="received 512 bytes"):
        client.get(CONTACTS)


def test_refused_and_reset_connections_are_what_httpx_raises_for_them(sandbox: Sandbox, client: httpx.Client) -> None:
    sandbox.plan(Fault(nth=1, kind="refuse"), Fault(nth=2, kind="reset"))
    with pytest.raises(httpx.ConnectError):
        client.get(CONTACTS)
    with pytest.raises(httpx.ReadError):
        client.get(CONTACTS)
    assert [call.status for call in sandbox.calls] == [0, 0]


def test_a_slow_first_byte_beyond_the_timeout_is_a_read_timeout(
    sandbox: Sandbox, client: httpx.Client, slept: list[float]
) -> None:
    sandbox.plan(Fault(kind="slow", args={"wait": 3}), Fault(nth=2, kind="slow", args={"wait": 9}))
    assert client.get(CONTACTS).status_code == 200
    assert slept == [3]
    with pytest.raises(httpx.ReadTimeout):
        client.get(CONTACTS)


def test_a_slow_body_takes_its_time_and_arrives_whole(
    sandbox: Sandbox, client: httpx.Client, slept: list[float]
) -> None:
    whole = client.get(CONTACTS).content
    sandbox.plan(Fault(kind="slow", args={"pace": 1000}))
    assert client.get(CONTACTS).content == whole
    assert sum(slept) == pytest.approx(len(whole) / 1000)


def test_invalid_json_html_and_bare_replies_look_like_it(sandbox: Sandbox, client: httpx.Client) -> None:
    sandbox.plan(
        Fault(nth=1, kind="invalid_json"),
        Fault(nth=2, kind="html"),
        Fault(nth=3, kind="bare", args={"status": 403}),
    )
    broken, page, bare = (client.get(CONTACTS) for _ in range(3))
    with pytest.raises(json.JSONDecodeError):
        broken.json()
    assert (page.status_code, page.headers["content-type"]) == (502, "text/html")
    assert (bare.status_code, bare.content) == (403, b"")


def test_an_empty_page_in_the_middle_still_leads_on(sandbox: Sandbox, client: httpx.Client) -> None:
    sandbox.plan(Fault(kind="empty_page"))
    page = client.get(CONTACTS).json()
    assert page["results"] == []
    assert page["paging"]["next"]["after"]


def test_a_cursor_can_be_forgotten_in_the_middle_of_a_walk(sandbox: Sandbox, client: httpx.Client) -> None:
    sandbox.plan(Fault(match="*/contacts", nth=3, kind="stale_cursor"))
    assert [client.get(CONTACTS).status_code for _ in range(3)] == [200, 200, 400]


def test_a_redirect_leads_to_another_host(sandbox: Sandbox, client: httpx.Client) -> None:
    sandbox.plan(Fault(kind="redirect", args={"to": "https://attacker.test/steal"}))
    assert client.get(CONTACTS).headers["location"] == "https://attacker.test/steal"


def test_an_oversized_reply_is_as_large_as_planned_and_still_json(sandbox: Sandbox, client: httpx.Client) -> None:
    sandbox.plan(Fault(kind="oversized", args={"bytes": 5_000_000}))
    reply = client.get(CONTACTS)
    assert len(reply.content) > 5_000_000
    assert reply.json()["results"]


def test_a_small_gzip_body_may_unpack_to_a_large_one(sandbox: Sandbox, client: httpx.Client) -> None:
    sandbox.plan(Fault(kind="oversized", args={"bytes": 5_000_000, "gzip": True}))
    reply = client.get(CONTACTS)
    assert int(reply.headers["content-length"]) < 50_000
    assert len(reply.content) > 5_000_000


def test_a_revoked_key_stays_revoked_until_it_is_reinstated(sandbox: Sandbox, client: httpx.Client) -> None:
    sandbox.plan(Fault(nth=2, kind="revoke"))
    assert [client.get(CONTACTS).status_code for _ in range(3)] == [200, 401, 401]
    sandbox.accepted.reinstate("hubspot")
    assert client.get(CONTACTS).status_code == 200


def test_a_scope_can_be_taken_away_in_the_middle(sandbox: Sandbox, client: httpx.Client) -> None:
    sandbox.plan(Fault(nth=2, kind="remove_scope", args={"scope": "crm.objects.contacts.read"}))
    assert [client.get(CONTACTS).status_code for _ in range(3)] == [200, 403, 403]


def test_tokens_can_be_made_to_expire_now_while_keys_stand(sandbox: Sandbox, client: httpx.Client) -> None:
    sandbox.plan(Fault(kind="expire_token"))
    assert client.get(CONTACTS).status_code == 200  # a service key does not expire


def test_a_kind_that_does_not_exist_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="no fault is called 'gremlin'"):
        Fault(kind="gremlin")


def test_the_documentation_lists_every_kind() -> None:
    text = faults.__doc__ or ""
    assert [kind for kind in KINDS if f"\n    {kind} " not in text] == []
