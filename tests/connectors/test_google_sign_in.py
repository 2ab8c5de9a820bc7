"""What the platforms of Google share: service accounts that sign for themselves, and errors told by reason."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.google_analytics import CONNECTOR as ANALYTICS
from connectors.google_drive import CONNECTOR as DRIVE
from connectors.sdk.auth import TokenGrant
from connectors.sdk.google import PACIFIC, google_errors, service_account
from core.classify import Disposition, classify
from core.errors import CredentialMalformed, CredentialRejected
from core.http import Response
from sandbox.assertions import sample_key, signed_by, unverified_claims
from sandbox.google import JWT_BEARER
from sandbox.samples import SAMPLES
from tests.connectors.replies import NOW, reply
from tests.contract.rig import Rig, sandbox_of

KEY = SAMPLES["google_drive"]["service_account"]["key"]
SCOPE = "https://www.googleapis.com/auth/drive.readonly"


def grant_of(**options: Any) -> TokenGrant:
    return service_account(SCOPE, **options)


def assertion_of(grant: TokenGrant, **values: str) -> str:
    form = grant.request({"key": KEY, **values}, {}, NOW).form
    assert form is not None
    assert form["grant_type"] == JWT_BEARER
    return form["assertion"]


def test_a_service_account_signs_who_it_is_what_it_wants_and_for_an_hour() -> None:
    signed = assertion_of(grant_of())
    assert signed_by(signed, sample_key(2))
    issued = int(NOW.timestamp())
    assert unverified_claims(signed) == {
        "iss": json.loads(KEY)["client_email"],
        "scope": SCOPE,
        "aud": "https://oauth2.googleapis.com/token",
        "iat": issued,
        "exp": issued + 3600,
    }


def test_a_service_account_may_act_for_a_person_of_its_domain() -> None:
    grant = grant_of(delegated=True)
    assert [field.name for field in grant.fields] == ["key", "subject"]
    assert unverified_claims(assertion_of(grant, subject="ada@example.com"))["sub"] == "ada@example.com"
    assert "sub" not in unverified_claims(assertion_of(grant, subject=""))


def test_the_address_of_the_token_endpoint_is_ours_whatever_the_key_file_says() -> None:
    bent = json.dumps({**json.loads(KEY), "token_uri": "https://evil.example/token"})
    asked = grant_of().request({"key": bent}, {}, NOW)
    assert (asked.base, asked.path, asked.authorized) == ("https://oauth2.googleapis.com", "/token", False)


@pytest.mark.parametrize(
    "wrong",
    [
        json.dumps({"installed": {"client_id": "hidden", "client_secret": "hidden"}}),
        json.dumps({"type": "authorized_user", "client_id": "hidden", "refresh_token": "hidden"}),
        json.dumps({"type": "service_account", "client_email": "hidden"}),
        json.loads(KEY)["private_key"],
        "hidden",
    ],
)
def test_what_is_no_key_file_of_a_service_account_is_refused_unseen(wrong: str) -> None:
    (field,) = grant_of().fields
    assert field.file
    assert field.check(f"  {KEY}\n") == KEY
    for refuse in (field.check, lambda text: grant_of().request({"key": text}, {}, NOW)):
        with pytest.raises(CredentialMalformed) as refused:
            refuse(wrong)
        assert "hidden" not in str(refused.value) + refused.value.advice
        assert "PRIVATE" not in str(refused.value)


@pytest.mark.parametrize("connector", [ANALYTICS, DRIVE], ids=lambda one: str(one.name))
def test_a_service_account_whose_key_is_revoked_is_told_so(connector: Any) -> None:
    rig = Rig(connector=connector, method="service_account", sandbox=sandbox_of(connector.name, 20))
    assert rig.credential.reveal()["access_token"].startswith("ya29.")
    rig.sandbox.accepted.revoke(connector.name)
    with pytest.raises(CredentialRejected) as rejected:
        rig.client.send(connector.probe("service_account", {}))
    assert "onnect" in rejected.value.advice


def error(status: int, reason: str = "", *, info: str = "", message: str = "x", **more: Any) -> Response:
    body: dict[str, Any] = {"code": status, "message": message}
    if reason:
        body["errors"] = [{"domain": "global", "reason": reason, "message": message}]
    if info:
        body["details"] = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": info, **more}]
    return reply({"error": body}, status)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (error(401, "authError"), Disposition.REFRESH_TOKEN),
        (error(401, info="ACCESS_TOKEN_EXPIRED"), Disposition.REFRESH_TOKEN),
        (error(401, info="CREDENTIALS_MISSING"), Disposition.REFRESH_TOKEN),
        (reply({"error": "invalid_grant", "error_description": "expired"}, 400), Disposition.CREDENTIAL_REJECTED),
        (reply({"error": "invalid_client"}, 401), Disposition.CREDENTIAL_REJECTED),
        (reply({"error": "unauthorized_client"}, 401), Disposition.CREDENTIAL_REJECTED),
        (reply({"error": "invalid_scope"}, 400), Disposition.SCOPE_MISSING),
        (error(400, "keyInvalid"), Disposition.CREDENTIAL_REJECTED),
        (error(400, info="API_KEY_INVALID"), Disposition.CREDENTIAL_REJECTED),
        (error(403, "insufficientPermissions"), Disposition.SCOPE_MISSING),
        (error(403, info="ACCESS_TOKEN_SCOPE_INSUFFICIENT"), Disposition.SCOPE_MISSING),
        (error(403, "accessNotConfigured"), Disposition.SCOPE_MISSING),
        (error(403, info="SERVICE_DISABLED"), Disposition.SCOPE_MISSING),
        (error(403, "rateLimitExceeded"), Disposition.RATE_LIMITED),
        (error(403, "userRateLimitExceeded"), Disposition.RATE_LIMITED),
        (error(403, "dailyLimitExceeded"), Disposition.RATE_LIMITED),
        (error(429, "rateLimitExceeded"), Disposition.RATE_LIMITED),
        (
            reply({"error": {"code": 403, "message": "x", "status": "RESOURCE_EXHAUSTED"}}, 403),
            Disposition.RATE_LIMITED,
        ),
        (error(403, "quotaExceeded"), Disposition.RATE_LIMITED),
        (error(400, "invalidPageToken"), Disposition.RESET_STATE),
        (error(500, "backendError"), Disposition.RETRY),
        (error(503), Disposition.RETRY),
        (error(400, "badRequest"), Disposition.FAIL),
        (error(404, "notFound"), Disposition.FAIL),
    ],
)
def test_errors_are_told_apart_by_reason(answer: Response, expected: Disposition) -> None:
    assert classify(answer, google_errors("Some API")).disposition is expected


@pytest.mark.parametrize(
    "answer",
    [
        error(403, "dailyLimitExceeded"),
        error(403, "quotaExceeded"),
        error(429, info="RATE_LIMIT_EXCEEDED", metadata={"quota_limit": "QueriesPerDay"}),
    ],
)
def test_a_quota_of_the_day_is_waited_for_until_midnight_in_california(answer: Response) -> None:
    rule = classify(answer, google_errors("Some API")).rule
    assert rule is not None
    assert rule.until_midnight == PACIFIC
    evening = datetime(2026, 11, 24, 6, 0, tzinfo=UTC).timestamp()  # 22:00 there
    assert rule.wait(evening) == 2 * 3600


def test_an_api_that_is_switched_off_is_named() -> None:
    rule = classify(error(403, info="SERVICE_DISABLED"), google_errors("Some API")).rule
    assert rule is not None
    assert "Some API" in rule.advice


def test_a_clock_that_is_wrong_is_told_as_such() -> None:
    body = {
        "error": "invalid_grant",
        "error_description": "Invalid JWT: Token must be short-lived (60 minutes) and in a reasonable timeframe.",
    }
    rule = classify(reply(body, 400), google_errors("Some API")).rule
    assert rule is not None
    assert "clock" in rule.advice
