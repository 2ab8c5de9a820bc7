"""OAuth 2.0 by the RFCs: what is sent to the consent page and the token endpoint, and what replies mean."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from connectors.sdk.auth import Field, OAuth2
from connectors.sdk.credential import Credential
from connectors.sdk.oauth2 import (
    TOKEN_ERRORS,
    challenge,
    code_request,
    consent_url,
    granted,
    new_verifier,
    refresh_request,
)
from core.classify import Disposition, classify
from core.errors import BadReply
from core.http import Response

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
APP = {"client_id": "the-app", "client_secret": "s3cret"}


def auth(**changed: Any) -> OAuth2:
    base: dict[str, Any] = {
        "authorize_url": "https://login.example/oauth/authorize",
        "token_url": "https://api.example/oauth/v2/token",
        "scopes": ("read", "write"),
        "fields": (Field(name="client_id", title="Client ID", secret=False),),
    }
    return OAuth2(**{**base, **changed})


def token_reply(**members: Any) -> Response:
    return Response(status=200, body=json.dumps({"access_token": "new", "token_type": "bearer", **members}).encode())


def credential(**values: str) -> Credential:
    return Credential(method="oauth2", scopes=("read",)).with_values(**{**APP, "access_token": "old", **values})


def test_the_challenge_is_that_of_the_rfc() -> None:
    # RFC 7636, appendix B.
    assert challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_a_verifier_has_the_form_that_the_rfc_wants() -> None:
    verifier = new_verifier(lambda count: bytes(range(count)))
    assert len(verifier) == 43
    assert set(verifier) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    assert verifier != new_verifier(lambda count: bytes(count))


def consent(**changed: Any) -> dict[str, list[str]]:
    url = consent_url(
        auth(**changed),
        {"client_id": "the-app"},
        redirect_uri="http://127.0.0.1:8000/back?x=1",
        state="s&t",
        verifier="v",
    )
    assert url.startswith("https://login.example/oauth/authorize?")
    return parse_qs(urlsplit(url).query)


def test_the_consent_page_is_asked_for_a_code() -> None:
    assert consent(authorize_params={"token_access_type": "offline"}) == {
        "response_type": ["code"],
        "client_id": ["the-app"],
        "redirect_uri": ["http://127.0.0.1:8000/back?x=1"],
        "state": ["s&t"],
        "scope": ["read write"],
        "code_challenge": [challenge("v")],
        "code_challenge_method": ["S256"],
        "token_access_type": ["offline"],
    }


def test_a_platform_without_pkce_or_scopes_is_not_asked_for_them() -> None:
    assert not {"scope", "code_challenge", "code_challenge_method"} & set(consent(pkce=False, scopes=()))
    assert consent(scope_separator=",")["scope"] == ["read,write"]


def test_a_code_is_exchanged_with_the_secret_in_the_body() -> None:
    request = code_request(auth(), APP, code="c", redirect_uri="http://127.0.0.1/back", verifier="v")
    assert (request.method, request.base, request.path) == ("POST", "https://api.example", "/oauth/v2/token")
    assert request.form == {
        "grant_type": "authorization_code",
        "code": "c",
        "redirect_uri": "http://127.0.0.1/back",
        "code_verifier": "v",
        **APP,
    }
    assert not request.authorized


def test_a_code_is_exchanged_with_the_secret_in_the_header() -> None:
    request = code_request(auth(client_auth="basic"), APP, code="c", redirect_uri="r", verifier="v")
    packed = request.headers["Authorization"].removeprefix("Basic ")
    assert base64.b64decode(packed).decode() == "the-app:s3cret"
    assert request.form is not None
    assert not {"client_secret", "client_id"} & set(request.form)


@pytest.mark.parametrize("secret", [{}, {"client_secret": ""}])
def test_a_public_client_tells_only_its_id(secret: dict[str, str]) -> None:
    app = {"client_id": "the-app", **secret}
    request = code_request(auth(client_auth="basic"), app, code="c", redirect_uri="r", verifier="v")
    assert request.form is not None
    assert request.form["client_id"] == "the-app"
    assert "client_secret" not in request.form
    assert "Authorization" not in request.headers


def test_a_refresh_sends_the_refresh_token() -> None:
    request = refresh_request(auth(), credential(refresh_token="r1"), {}, NOW)
    assert request.form == {"grant_type": "refresh_token", "refresh_token": "r1", **APP}


def test_no_secret_shows_in_what_is_printed() -> None:
    kept = credential(refresh_token="r1-secret")
    shown = repr(refresh_request(auth(client_auth="basic"), kept, {}, NOW)) + repr(kept)
    assert not [value for value in ("s3cret", "r1-secret", "old") if value in shown]


def test_a_grant_brings_the_new_tokens_and_their_end() -> None:
    after = granted(auth(), token_reply(refresh_token="r2", expires_in=7200, scope="read write"), credential(), {}, NOW)
    assert after.reveal() == {**APP, "access_token": "new", "refresh_token": "r2"}
    assert after.expires_at == NOW + timedelta(hours=2)
    assert after.scopes == ("read", "write")


def test_a_refresh_token_that_is_not_told_again_is_kept() -> None:
    after = granted(auth(), token_reply(expires_in=7200), credential(refresh_token="r1"), {}, NOW)
    assert after.reveal()["refresh_token"] == "r1"
    assert after.scopes == ("read",)


@pytest.mark.parametrize("ending", [{}, {"expires_in": 0}, {"expires_in": None}])
def test_a_token_without_an_end_does_not_expire(ending: dict[str, Any]) -> None:
    assert granted(auth(), token_reply(**ending), credential(), {}, NOW).expires_at is None


@pytest.mark.parametrize(
    ("told", "scopes"),
    [
        ({"scope": "a b"}, ("a", "b")),
        ({"scope": "a,b"}, ("a", "b")),
        ({"scopes": ["a", "b"]}, ("a", "b")),
        ({"scope": None}, ("read",)),
        ({"scope": ""}, ("read",)),
    ],
)
def test_granted_scopes_are_read_in_every_form(told: dict[str, Any], scopes: tuple[str, ...]) -> None:
    assert granted(auth(), token_reply(**told), credential(), {}, NOW).scopes == scopes


@pytest.mark.parametrize("body", [b"{}", b'{"access_token": ""}', b'{"access_token": null}', b"[]", b"<html>"])
def test_a_reply_without_an_access_token_is_refused(body: bytes) -> None:
    with pytest.raises(BadReply):
        granted(auth(), Response(status=200, body=body), credential(), {}, NOW)


@pytest.mark.parametrize("code", ["invalid_grant", "invalid_client", "unauthorized_client"])
@pytest.mark.parametrize("status", [400, 401])
def test_a_grant_that_is_no_longer_taken_is_a_rejected_credential(code: str, status: int) -> None:
    reply = Response(status=status, body=json.dumps({"error": code}).encode())
    assert classify(reply, TOKEN_ERRORS).disposition is Disposition.CREDENTIAL_REJECTED


def test_a_malformed_token_request_is_our_own_fault() -> None:
    reply = Response(status=400, body=b'{"error": "invalid_request"}')
    assert classify(reply, TOKEN_ERRORS).disposition is Disposition.FAIL
