"""The consent page and the token endpoint, on HubSpot (keeps refresh tokens) and on a dialect that rotates them."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest

from sandbox import catalog
from sandbox.samples import SAMPLES
from sandbox.sandbox import Sandbox
from sandbox.world import World
from tests.sandbox.rig import CHALLENGE, REDIRECT, VERIFIER, authorize, client_of, exchange, make_sandbox, redirected

AUTHORIZE = "https://app.hubspot.com/oauth/authorize"
TOKEN = "https://api.hubapi.com/oauth/2026-03/token"
SCOPE = {"scope": "oauth crm.objects.contacts.read"}


@pytest.fixture
def sandbox() -> Sandbox:
    return make_sandbox("hubspot")


@pytest.fixture
def client(sandbox: Sandbox) -> httpx.Client:
    return client_of(sandbox, "https://api.hubapi.com")


@pytest.fixture
def rotating() -> httpx.Client:
    platform = catalog.build(World(), ["hubspot"])[0]
    assert platform.oauth is not None
    dialect = replace(platform.oauth, rotates=True, pkce="required", client_auth=("basic",))
    return client_of(make_sandbox(replace(platform, oauth=dialect)), "https://api.hubapi.com")


def code_of(client: httpx.Client, **more: str) -> str:
    return redirected(authorize(client, "hubspot", AUTHORIZE, decision="approve", **{**SCOPE, **more}))["code"]


def refresh(client: httpx.Client, token: str) -> httpx.Response:
    return exchange(client, "hubspot", TOKEN, "", grant_type="refresh_token", refresh_token=token)


def test_the_consent_page_lists_what_is_asked_for_and_offers_both_answers(client: httpx.Client) -> None:
    page = authorize(client, "hubspot", AUTHORIZE, **SCOPE)
    assert page.status_code == 200
    assert "crm.objects.contacts.read" in page.text
    assert 'value="approve"' in page.text
    assert 'value="deny"' in page.text


def test_what_the_app_sends_cannot_add_markup_to_the_page(client: httpx.Client) -> None:
    page = authorize(client, "hubspot", AUTHORIZE, state='"><script>x</script>', **SCOPE)
    assert "<script>" not in page.text


def test_approving_gives_a_code_and_the_state_back(client: httpx.Client) -> None:
    given = redirected(authorize(client, "hubspot", AUTHORIZE, decision="approve", **SCOPE))
    assert given["state"] == "s1"
    assert given["code"]


def test_denying_gives_an_error_and_the_state_back(client: httpx.Client) -> None:
    given = redirected(authorize(client, "hubspot", AUTHORIZE, decision="deny", **SCOPE))
    assert given == {"error": "access_denied", "state": "s1"}


def test_consent_can_answer_by_itself() -> None:
    client = client_of(make_sandbox("hubspot", auto_approve=True), "https://api.hubapi.com")
    assert "code" in redirected(authorize(client, "hubspot", AUTHORIZE, **SCOPE))


@pytest.mark.parametrize(
    "wrong", [{"client_id": "nobody"}, {"redirect_uri": "https://attacker.test/x"}, {"redirect_uri": ""}]
)
def test_an_unknown_app_or_address_is_never_redirected_to(client: httpx.Client, wrong: dict[str, str]) -> None:
    page = authorize(client, "hubspot", AUTHORIZE, decision="approve", **{**SCOPE, **wrong})
    assert page.status_code == 400
    assert "location" not in page.headers


def test_a_scope_that_does_not_exist_is_refused(client: httpx.Client) -> None:
    given = redirected(authorize(client, "hubspot", AUTHORIZE, decision="approve", scope="everything"))
    assert given["error"] == "invalid_scope"


def test_a_code_becomes_tokens_that_open_what_was_granted_and_nothing_else(client: httpx.Client) -> None:
    tokens = exchange(client, "hubspot", TOKEN, code_of(client)).json()
    assert tokens["expires_in"] == 1800
    headers = {"authorization": f"Bearer {tokens['access_token']}"}
    assert client.get("/crm/objects/2026-03/contacts", headers=headers).status_code == 200
    refused = client.get("/crm/objects/2026-03/deals", headers=headers)
    assert refused.status_code == 403
    assert refused.json()["errors"][0]["context"]["requiredGranularScopes"] == ["crm.objects.deals.read"]


def test_a_refresh_token_is_no_access_token(client: httpx.Client) -> None:
    tokens = exchange(client, "hubspot", TOKEN, code_of(client)).json()
    headers = {"authorization": f"Bearer {tokens['refresh_token']}"}
    assert client.get("/account-info/2026-03/details", headers=headers).status_code == 401


def test_a_code_serves_once_and_shown_again_it_kills_what_it_gave(client: httpx.Client) -> None:
    code = code_of(client)
    tokens = exchange(client, "hubspot", TOKEN, code).json()
    assert exchange(client, "hubspot", TOKEN, code).status_code == 400
    headers = {"authorization": f"Bearer {tokens['access_token']}"}
    assert client.get("/account-info/2026-03/details", headers=headers).status_code == 401


def test_a_code_dies_after_its_time(client: httpx.Client, sandbox: Sandbox) -> None:
    code = code_of(client)
    sandbox.advance(seconds=601)
    assert exchange(client, "hubspot", TOKEN, code).status_code == 400


def test_the_redirect_address_must_be_exactly_the_one_of_the_authorization(client: httpx.Client) -> None:
    assert exchange(client, "hubspot", TOKEN, code_of(client), redirect_uri=REDIRECT + "/").status_code == 400


def test_a_wrong_client_secret_is_refused(client: httpx.Client) -> None:
    assert exchange(client, "hubspot", TOKEN, code_of(client), client_secret="wrong").status_code == 400


def test_pkce_is_checked_where_a_challenge_was_given(client: httpx.Client) -> None:
    pkce = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    assert exchange(client, "hubspot", TOKEN, code_of(client, **pkce)).status_code == 400
    assert exchange(client, "hubspot", TOKEN, code_of(client, **pkce), code_verifier="x" * 43).status_code == 400
    assert exchange(client, "hubspot", TOKEN, code_of(client, **pkce), code_verifier=VERIFIER).status_code == 200


def test_an_access_token_expires_and_a_refresh_token_that_is_kept_gives_another(
    client: httpx.Client, sandbox: Sandbox
) -> None:
    first = exchange(client, "hubspot", TOKEN, code_of(client)).json()
    sandbox.advance(seconds=1801)
    expired = client.get("/account-info/2026-03/details", headers={"authorization": f"Bearer {first['access_token']}"})
    assert (expired.status_code, expired.json()["category"]) == (401, "EXPIRED_AUTHENTICATION")
    second = refresh(client, first["refresh_token"]).json()
    assert second["refresh_token"] == first["refresh_token"]
    fresh = client.get("/account-info/2026-03/details", headers={"authorization": f"Bearer {second['access_token']}"})
    assert fresh.status_code == 200


def test_a_revoked_refresh_token_takes_its_access_tokens_along(client: httpx.Client) -> None:
    tokens = exchange(client, "hubspot", TOKEN, code_of(client)).json()
    client.post(TOKEN + "/revoke", data={"token": tokens["refresh_token"]})
    headers = {"authorization": f"Bearer {tokens['access_token']}"}
    assert client.get("/account-info/2026-03/details", headers=headers).status_code == 401
    assert refresh(client, tokens["refresh_token"]).status_code == 400


def test_introspection_tells_live_from_dead(client: httpx.Client, sandbox: Sandbox) -> None:
    token = exchange(client, "hubspot", TOKEN, code_of(client)).json()["access_token"]
    told = client.post(TOKEN + "/introspect", data={"token": token}).json()
    assert told["active"]
    assert told["scopes"] == ["oauth", "crm.objects.contacts.read"]
    sandbox.advance(hours=1)
    assert client.post(TOKEN + "/introspect", data={"token": token}).json() == {"active": False}


def test_where_pkce_is_required_a_consent_without_it_fails(rotating: httpx.Client) -> None:
    given = redirected(authorize(rotating, "hubspot", AUTHORIZE, decision="approve", **SCOPE))
    assert given["error"] == "invalid_request"


def test_a_rotated_refresh_token_that_is_used_again_revokes_its_successors(rotating: httpx.Client) -> None:
    basic = httpx.BasicAuth(*_pair())
    code = code_of(rotating, code_challenge=CHALLENGE, code_challenge_method="S256")
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
    first = rotating.post(TOKEN, data=form, auth=basic).json()
    again = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    second = rotating.post(TOKEN, data=again, auth=basic).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert rotating.post(TOKEN, data=again, auth=basic).status_code == 400
    headers = {"authorization": f"Bearer {second['access_token']}"}
    assert rotating.get("/account-info/2026-03/details", headers=headers).status_code == 401


def test_client_authentication_goes_where_the_vendor_wants_it(rotating: httpx.Client) -> None:
    code = code_of(rotating, code_challenge=CHALLENGE, code_challenge_method="S256")
    assert exchange(rotating, "hubspot", TOKEN, code, code_verifier=VERIFIER).status_code == 400


def _pair() -> tuple[str, str]:
    app = SAMPLES["hubspot"]["oauth2"]
    return app["client_id"], app["client_secret"]
