"""Salesforce: three ways to sign in, the host that is told with a token, and the identity that is signed."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.salesforce import CONNECTOR
from connectors.sdk.auth import OAuth2, TokenGrant
from connectors.sdk.credential import Credential
from connectors.sdk.oauth2 import code_request, consent_url, granted
from core.errors import CredentialMalformed, HostNotAllowed
from core.http import Response
from sandbox.assertions import sample_key, signed_by, unverified_claims
from sandbox.samples import SAMPLES
from tests.connectors.replies import NOW, reply

OAUTH = CONNECTOR.method("oauth2")
SECRET = "".join(("1234567890", "123456789"))
IDENTITY = {
    "id": "https://login.salesforce.com/id/00Dxx0000001gPLEAY/005xx000001SwiUAAS",
    "issued_at": "1750000000000",
    "signature": "qzf99qBxkXNjrkvj+gm2ukRrGx9ilotMx5dJMyAkMGM=",
}


def token_reply(**more: Any) -> Response:
    return reply({"access_token": "00Dxx!token", "instance_url": "https://acme.my.salesforce.com", **IDENTITY, **more})


def learnt(response: Response, secret: str = SECRET) -> dict[str, Any]:
    assert isinstance(OAUTH, OAuth2)
    credential = granted(OAUTH, response, app_of(secret), {}, NOW)
    assert credential.expires_at is None
    return dict(OAUTH.learn(credential.reveal()))


def app_of(secret: str) -> Credential:
    return Credential(method="oauth2").with_values(client_secret=secret)


def test_an_identity_that_is_signed_as_the_vendor_describes_it_is_believed() -> None:
    assert learnt(token_reply()) == {
        "org": "acme",
        "account": "organization 00Dxx0000001gPLEAY",
        "organization_id": "00Dxx0000001gPLEAY",
        "user_id": "005xx000001SwiUAAS",
    }
    for altered in ({"id": IDENTITY["id"][:-1] + "T"}, {"issued_at": "1750000000001"}, {"signature": ""}):
        assert learnt(token_reply(**altered)) == {"org": "acme"}
    assert learnt(token_reply(), secret=SECRET[::-1]) == {"org": "acme"}
    assert learnt(token_reply(), secret="") == {"org": "acme"}


@pytest.mark.parametrize(
    ("told", "org"),
    [
        ("https://acme.my.salesforce.com", "acme"),
        ("https://Acme--UAT.sandbox.my.salesforce.com/", "acme--uat.sandbox"),
        ("https://orgfarm-8663634d5e-dev-ed.develop.my.salesforce.com", "orgfarm-8663634d5e-dev-ed.develop"),
    ],
)
def test_the_host_of_an_organization_is_told_with_the_token(told: str, org: str) -> None:
    settings = learnt(token_reply(instance_url=told))
    assert settings["org"] == org
    host = CONNECTOR.base_url.format_map(settings).removeprefix("https://")
    assert host == told.lower().removeprefix("https://").rstrip("/")
    assert CONNECTOR.allows(host, settings)


@pytest.mark.parametrize(
    "told",
    [
        "https://evil.example",
        "https://acme.my.salesforce.com.evil.example",
        "https://evil.example/.my.salesforce.com",
        "https://acme.my.salesforce.com@evil.example",
        "https://acme.my.salesforce.com:8443",
        "https://a.b.my.salesforce.com",
        "https://na1.salesforce.com",
        "",
        None,
    ],
)
def test_the_host_of_somebody_else_is_refused(told: Any) -> None:
    with pytest.raises(HostNotAllowed):
        learnt(token_reply(instance_url=told))


def test_people_log_in_where_they_say_with_pkce() -> None:
    assert isinstance(OAUTH, OAuth2)
    app = {"client_id": "3MVG9x", "login_host": "test.salesforce.com"}
    address = consent_url(OAUTH, app, redirect_uri="http://127.0.0.1:1/c", state="s", verifier="v" * 43)
    assert address.startswith("https://test.salesforce.com/services/oauth2/authorize?response_type=code&")
    assert "scope=api+refresh_token+id" in address
    assert "code_challenge_method=S256" in address
    asked = code_request(OAUTH, app, code="c", redirect_uri="http://127.0.0.1:1/c", verifier="v" * 43)
    assert (asked.base, asked.path) == ("https://test.salesforce.com", "/services/oauth2/token")
    assert asked.form is not None
    assert "client_secret" not in asked.form
    assert OAUTH.rotates


@pytest.mark.parametrize(
    ("host", "taken", "my_domain"),
    [
        ("login.salesforce.com", True, False),
        ("test.salesforce.com", True, False),
        ("acme.my.salesforce.com", True, True),
        ("acme--uat.sandbox.my.salesforce.com", True, True),
        ("https://login.salesforce.com", False, False),
        ("evil.example", False, False),
        ("login.salesforce.com.evil.example", False, False),
        ("acme.evil.my.salesforce.com", False, False),
    ],
)
def test_hosts_to_log_in_at_are_salesforce_s_own(host: str, taken: bool, my_domain: bool) -> None:
    for method, fits in (("oauth2", taken), ("jwt_bearer", taken), ("client_credentials", my_domain)):
        (field,) = (field for field in CONNECTOR.method(method).fields if field.name == "login_host")
        if fits:
            assert field.check(host) == host
            assert CONNECTOR.allows(host)
        else:
            with pytest.raises(CredentialMalformed):
                field.check(host)


@pytest.mark.parametrize(
    ("host", "audience"),
    [
        ("login.salesforce.com", "login"),
        ("acme.my.salesforce.com", "login"),
        ("test.salesforce.com", "test"),
        ("acme--uat.sandbox.my.salesforce.com", "test"),
    ],
)
def test_an_assertion_says_who_signs_for_whom_and_lives_two_minutes(host: str, audience: str) -> None:
    grant, sample = CONNECTOR.method("jwt_bearer"), SAMPLES["salesforce"]["jwt_bearer"]
    assert isinstance(grant, TokenGrant)
    asked = grant.request({**sample, "login_host": host}, {}, NOW)
    assert (asked.base, asked.path) == (f"https://{host}", "/services/oauth2/token")
    assert asked.form is not None
    assert signed_by(asked.form["assertion"], sample_key(4))
    assert unverified_claims(asked.form["assertion"]) == {
        "iss": sample["client_id"],
        "sub": sample["username"],
        "aud": f"https://{audience}.salesforce.com",
        "exp": int(NOW.timestamp()) + 120,
    }


def test_a_private_key_is_the_text_of_its_file() -> None:
    (field,) = (field for field in CONNECTOR.method("jwt_bearer").fields if field.file)
    pem = SAMPLES["salesforce"]["jwt_bearer"]["private_key"]
    assert field.check(pem) == pem.strip()
    for wrong in ("hidden", pem.replace("PRIVATE", "PUBLIC"), pem[:200]):
        with pytest.raises(CredentialMalformed):
            field.check(wrong)


def test_who_one_is_stands_in_the_user_info_and_not_in_the_limits() -> None:
    found = CONNECTOR.discover(
        reply({"organization_id": "00DX", "user_id": "005X", "preferred_username": "a@b", "zoneinfo": "Europe/Berlin"})
    )
    assert found["account"] == "organization 00DX"
    assert (found["user"], found["user_id"], found["time_zone"]) == ("a@b", "005X", "Europe/Berlin")
    assert CONNECTOR.discover(reply({"DailyApiRequests": {"Max": 1, "Remaining": 1}})) == {}
