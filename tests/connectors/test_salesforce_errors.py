"""Salesforce: limits of calls and arrays of errors."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.salesforce import CONNECTOR
from connectors.salesforce.streams import LIMITS, STREAMS
from core.classify import Disposition, classify
from core.errors import RequestRefused
from core.http import Request
from core.pacing import Observation
from tests.connectors.replies import CONTEXT, meant, reply
from tests.contract.rig import Rig, sandbox_of


def test_replies_tell_how_many_calls_of_the_day_are_used() -> None:
    for told, left in (
        ("api-usage=17/15000", 14983),
        ("api-usage=15000/15000; per-app-api-usage=17/250(appName=sample)", 0),
        ("api-usage=15300/15000", -300),
    ):
        seen = CONNECTOR.rate_limit.dialect(
            LIMITS.request({}, CONTEXT), reply({}, headers={"sforce-limit-info": told}), 5
        )
        assert seen == (Observation(bucket="day", remaining=left, resets_at=3605),)
    for told in ("", "something else"):
        headers = {"sforce-limit-info": told}
        assert CONNECTOR.rate_limit.dialect(LIMITS.request({}, CONTEXT), reply({}, headers=headers), 5) == ()


def error(code: str, message: str = "…") -> list[dict[str, Any]]:
    return [{"message": message, "errorCode": code, "fields": []}]


@pytest.mark.parametrize(
    ("status", "body", "disposition"),
    [
        (401, error("INVALID_SESSION_ID", "Session expired or invalid"), Disposition.REFRESH_TOKEN),
        (400, {"error": "invalid_grant", "error_description": "expired token"}, Disposition.CREDENTIAL_REJECTED),
        (400, {"error": "invalid_client_id"}, Disposition.CREDENTIAL_REJECTED),
        (400, {"error": "inactive_user"}, Disposition.CREDENTIAL_REJECTED),
        (400, {"error": "inactive_org"}, Disposition.CREDENTIAL_REJECTED),
        (400, {"error": "invalid_client_credentials"}, Disposition.CREDENTIAL_REJECTED),
        (400, {"error": "invalid_app_access"}, Disposition.CREDENTIAL_REJECTED),
        (400, {"error": "rate_limit_exceeded"}, Disposition.RATE_LIMITED),
        (400, {"error": "unknown_error", "error_description": "retry your request"}, Disposition.RETRY),
        (403, error("INSUFFICIENT_ACCESS"), Disposition.SCOPE_MISSING),
        (400, error("INSUFFICIENT_ACCESS_OR_READONLY"), Disposition.SCOPE_MISSING),
        (403, error("API_DISABLED_FOR_ORG"), Disposition.SCOPE_MISSING),
        (403, error("FUNCTIONALITY_NOT_ENABLED"), Disposition.SCOPE_MISSING),
        (403, error("OAUTH_APP_BLOCKED"), Disposition.SCOPE_MISSING),
        (
            403,
            error("INVALID_SESSION_ID", "This session is not valid for use with the REST API"),
            Disposition.SCOPE_MISSING,
        ),
        (
            401,
            error("INVALID_SESSION_ID", "This session is not valid for use with the REST API"),
            Disposition.SCOPE_MISSING,
        ),
        (400, error("INVALID_FIELD"), Disposition.SCOPE_MISSING),
        (400, error("INVALID_TYPE"), Disposition.SCOPE_MISSING),
        (403, error("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."), Disposition.RATE_LIMITED),
        (403, error("REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded."), Disposition.RATE_LIMITED),
        (404, error("NOT_FOUND"), Disposition.FAIL),
        (404, error("ENTITY_IS_DELETED"), Disposition.FAIL),
        (400, error("ENTITY_IS_DELETED"), Disposition.FAIL),
        (300, ["/services/data/v66.0/sobjects/Account/1", "/services/data/v66.0/sobjects/Account/2"], Disposition.FAIL),
        (400, error("MALFORMED_QUERY"), Disposition.FAIL),
        (400, error("REQUIRED_FIELD_MISSING"), Disposition.FAIL),
        (400, error("FIELD_CUSTOM_VALIDATION_EXCEPTION"), Disposition.FAIL),
        (400, error("DUPLICATES_DETECTED"), Disposition.FAIL),
        (400, error("JSON_PARSER_ERROR"), Disposition.FAIL),
        (400, error("INVALID_QUERY_LOCATOR"), Disposition.RESET_STATE),
        (400, error("UNABLE_TO_LOCK_ROW"), Disposition.RETRY),
        (409, "", Disposition.RETRY),
        (420, "", Disposition.RETRY),
        (500, error("UNKNOWN_EXCEPTION"), Disposition.RETRY),
        (502, "<html>", Disposition.RETRY),
        (503, error("SERVER_UNAVAILABLE"), Disposition.RETRY),
        (504, "", Disposition.RETRY),
        (410, error("UNSUPPORTED_API_VERSION"), Disposition.FAIL),
        (412, error("PRECONDITION_FAILED"), Disposition.FAIL),
        (414, "", Disposition.FAIL),
        (431, "", Disposition.FAIL),
        (200, {"records": [{"errorCode": "INVALID_SESSION_ID"}], "done": True}, Disposition.OK),
        (200, error("INVALID_FIELD"), Disposition.OK),
    ],
)
def test_errors_mean_what_the_vendor_says(status: int, body: Any, disposition: Disposition) -> None:
    assert meant(CONNECTOR, status, body) is disposition


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (300, ["/a", "/b"], "make it unique"),
        (410, "", "retired this version"),
        (412, "", "Read it again"),
        (403, error("OAUTH_APP_BLOCKED"), "blocked the app"),
        (403, error("API_DISABLED_FOR_ORG"), "API Enabled"),
        (400, error("INVALID_FIELD"), "permission set"),
        (404, error("NOT_FOUND"), "may not see it"),
        (400, error("DUPLICATES_DETECTED"), "own rules"),
        (400, {"error": "invalid_grant", "error_description": "user hasn't approved this consumer"}, "administrator"),
        (401, error("INVALID_SESSION_ID"), "Connect again"),
    ],
)
def test_the_person_is_told_what_to_do(status: int, body: Any, words: str) -> None:
    rule = classify(reply(body, status), CONNECTOR.errors).rule
    assert rule is not None
    assert words in rule.advice


@pytest.mark.parametrize(("message", "seconds"), [("TotalRequests", 3600), ("ConcurrentPerOrgLongTxn", 20)])
def test_the_limit_of_the_day_is_waited_for_longer_than_that_of_calls_at_once(message: str, seconds: float) -> None:
    body = error("REQUEST_LIMIT_EXCEEDED", f"{message} Limit exceeded.")
    rule = classify(reply(body, 403), CONNECTOR.errors).rule
    assert rule is not None
    assert rule.wait(0) == seconds


def test_a_kind_of_record_that_an_edition_lacks_is_nothing_and_one_that_all_have_is_missed() -> None:
    expected = {stream.name for stream in STREAMS if not stream.request({}, CONTEXT).optional}
    assert expected == {"accounts", "contacts", "users", "limits"}


def test_the_platform_s_sentence_is_passed_on() -> None:
    rig = Rig(connector=CONNECTOR, method="client_credentials", sandbox=sandbox_of("salesforce", 20))
    with pytest.raises(RequestRefused, match="The requested resource does not exist"):
        rig.client.send(Request(path="/services/data/v66.0/sobjects/Nothing/describe"))
