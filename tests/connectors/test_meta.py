"""What Meta's platforms share: the Page's token, errors by code, limits in percent, lists by cursor, signed calls."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.facebook import CONNECTOR
from connectors.facebook.webhooks import INBOUND
from connectors.sdk.driver import walk
from connectors.sdk.edges import edge_stream
from connectors.sdk.inbound import Delivery
from connectors.sdk.meta import GONE, LONG_LIVED_TOKEN, PAGE_TOKEN, appsecret_proof
from connectors.sdk.meta_usage import RATE_LIMIT, usage
from core.classify import Disposition, classify
from core.errors import BadReply, CredentialRejected, SignatureRefused
from core.http import Request, Response
from core.model import Column
from tests.connectors.replies import CONTEXT, NOW, meant, reply
from tests.shared import needs_shared, recorded

OK, RETRY, FAIL = Disposition.OK, Disposition.RETRY, Disposition.FAIL
REJECTED, SCOPE, LIMITED = Disposition.CREDENTIAL_REJECTED, Disposition.SCOPE_MISSING, Disposition.RATE_LIMITED
APP = {"client_id": "1234567890123", "client_secret": "s" * 32, "access_token": "short"}


# Signing in


def test_what_the_consent_gave_is_exchanged_by_a_form_and_never_by_an_address() -> None:
    asked = LONG_LIVED_TOKEN.request(APP, {})
    assert (asked.method, asked.params, asked.authorized) == ("POST", {}, False)
    assert asked.form == {
        "grant_type": "fb_exchange_token",
        "client_id": APP["client_id"],
        "client_secret": APP["client_secret"],
        "fb_exchange_token": "short",
    }


def test_a_page_is_asked_for_by_its_id_where_one_was_given_and_else_the_first_of_the_list() -> None:
    listed, own = PAGE_TOKEN.request(APP, {}), PAGE_TOKEN.request(APP, {"page_id": "77"})
    assert (listed.filled_path, own.filled_path) == ("/v26.0/me/accounts", "/v26.0/77")
    for asked in (listed, own):
        assert asked.headers["Authorization"] == "Bearer short"
        assert "short" not in str(asked.params)
        assert asked.params["appsecret_proof"] == appsecret_proof(APP, asked)["appsecret_proof"]
    assert PAGE_TOKEN.read(reply({"id": "77", "access_token": "page"}), {}) == {"access_token": "page"}


@needs_shared
def test_recorded_pages_of_a_person_give_a_token() -> None:
    for name in ("base/user_accounts_token", "users/user_accounts_p1"):
        assert PAGE_TOKEN.read(reply(recorded("facebook", f"python-facebook/{name}")), {})["access_token"]
    long = LONG_LIVED_TOKEN.read(reply(recorded("facebook", "python-facebook/base/long_term_token")), {})
    assert long["expires_in"] == 5184000


@pytest.mark.parametrize("body", [{"data": []}, {"id": "77"}, {"data": None}, [], {"data": [{"id": "1"}]}])
def test_where_no_page_has_a_token_the_person_is_told_to_name_it(body: Any) -> None:
    with pytest.raises(CredentialRejected) as refused:
        PAGE_TOKEN.read(reply(body), {})
    assert "Page ID" in refused.value.advice


@needs_shared
def test_the_worked_example_of_the_proof() -> None:
    vectors = recorded("facebook", "webhook_vectors.json")["vectors"]
    proof = appsecret_proof({"token": "EAATESTTOKEN", "app_secret": vectors["secret"]}, Request(path="/"))
    assert proof == {"appsecret_proof": vectors["appsecret_proof_for_token_EAATESTTOKEN"]}
    assert appsecret_proof({"token": "EAATESTTOKEN"}, Request(path="/")) == {}


# Errors


def problem(code: int, message: str = "x", subcode: int | None = None, **more: Any) -> dict[str, Any]:
    error = {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "A", **more}
    return {"error": error | ({"error_subcode": subcode} if subcode is not None else {})}


@pytest.mark.parametrize(
    ("code", "subcode", "message", "expected"),
    [
        (190, 463, "Session has expired", Disposition.REFRESH_TOKEN),
        *((190, subcode, "x", REJECTED) for subcode in (458, 459, 460, 464, 467, 492, None)),
        (102, None, "x", REJECTED),
        (190, None, "(#190) This method must be called with a Page Access Token", REJECTED),
        (104, None, "x", REJECTED),
        (100, None, "Invalid appsecret_proof provided in the API argument", REJECTED),
        (100, None, "API calls from the server require an appsecret_proof argument", REJECTED),
        (1, None, "Error validating client secret.", REJECTED),
        (100, 36007, "Error validating verification code. It has been used.", REJECTED),
        *((code, None, "x", SCOPE) for code in (3, 10, 200, 230, 283, 299)),
        (100, None, "cannot be loaded due to missing permission or reviewable feature", SCOPE),
        (100, 33, "does not exist, cannot be loaded due to missing permissions", FAIL),
        (100, None, "(#100) Tried accessing nonexisting field (x) on node type (Page)", FAIL),
        (100, None, "(#100) Tried accessing nonexisting field (category) on node type (User)", REJECTED),
        (2500, None, "Unknown path components", FAIL),
        (803, None, "x", FAIL),
        (12, None, "x", FAIL),
        *((code, None, "x", LIMITED) for code in (4, 17, 32, 341, 613, 80000, 80001, 80002, 80006, 80014)),
        (368, 1390008, "posting too fast", LIMITED),
        (368, None, "x", FAIL),
        (506, None, "Duplicate status message", FAIL),
        (1404006, None, "x", FAIL),
        (1, None, "An unknown error occurred", RETRY),
        (2, None, "x", RETRY),
        (1, None, "Please reduce the amount of data you're asking for, then retry your request", OK),
        (100, None, "(#100) Invalid cursors values.", Disposition.RESET_STATE),
    ],
)
def test_each_row_of_the_error_table(code: int, subcode: int | None, message: str, expected: Disposition) -> None:
    for status in (400, 403, 500):
        assert meant(CONNECTOR, status, problem(code, message, subcode)) is expected


def test_a_limit_that_calls_itself_transient_is_a_limit_and_any_other_such_error_is_tried_again() -> None:
    assert meant(CONNECTOR, 400, problem(4, is_transient=True)) is LIMITED
    assert meant(CONNECTOR, 400, problem(9999, is_transient=True)) is RETRY
    assert meant(CONNECTOR, 400, problem(9999, is_transient=False)) is FAIL


@pytest.mark.parametrize("body", [problem(100, subcode=33), problem(803)])
def test_what_is_gone_is_no_error_where_it_may_be_gone(body: Any) -> None:
    assert classify(reply(body, 400), (*GONE, *CONNECTOR.errors)).disposition is Disposition.SKIP


# Limits


def told(**headers: Any) -> list[tuple[int, float]]:
    named = {name.replace("_", "-"): json.dumps(value) for name, value in headers.items()}
    found = usage(Request(path="/"), reply({}, headers=named), 1000.0)
    assert {one.bucket for one in found} <= {limit.bucket for limit in RATE_LIMIT.limits}
    return [(one.remaining, one.resets_at) for one in found]


def test_limits_are_told_in_percent_and_minutes() -> None:
    counts = {"call_count": 28, "total_time": 25, "total_cputime": 25}
    assert told(x_app_usage=counts) == []
    assert told(x_app_usage={**counts, "total_time": 80}) == [(20, 1060.0)]
    assert told(x_app_usage={**counts, "call_count": 100}) == [(0, 1060.0)]
    case = {"type": "pages", **counts, "estimated_time_to_regain_access": 0}
    assert told(x_business_use_case_usage={"7": [case]}) == []
    assert told(x_business_use_case_usage={"7": [{**case, "estimated_time_to_regain_access": 5}]}) == [(0, 1300.0)]
    assert told(x_ad_account_usage={"acc_id_util_pct": 100, "reset_time_duration": 90}) == [(0, 1090.0)]


@given(st.sampled_from(["x-app-usage", "x-business-use-case-usage", "x-ad-account-usage"]), st.text(max_size=30))
def test_a_header_that_cannot_be_read_says_nothing(name: str, text: str) -> None:
    usage(Request(path="/"), reply({}, headers={name: text}), 0.0)


@pytest.mark.parametrize("value", [[], {"7": 3}, {"7": [3]}, {"7": [{"call_count": "a"}]}, 3, None])
def test_a_header_of_another_shape_says_nothing(value: Any) -> None:
    assert told(x_business_use_case_usage=value, x_app_usage=value) == []


# Lists

LIST = edge_stream(
    name="things",
    ask=lambda context: Request(path="/things", params={"limit": 100}),
    columns=(Column(name="id"),),
    about="x",
)


def test_a_list_that_is_too_much_at_once_is_asked_for_by_halves() -> None:
    asked: list[int] = []

    def send(request: Request) -> Response:
        limit, after = int(str(request.params["limit"])), int(str(request.params.get("after", 0)))
        asked.append(limit)
        if limit > 30:
            return reply(problem(1, "Please reduce the amount of data you're asking for"), 500)
        rows = [{"id": str(number)} for number in range(after, min(after + limit, 60))]
        paging = {"cursors": {"after": str(after + limit)}} | ({"next": "https://x"} if after + limit < 60 else {})
        return reply({"data": rows, "paging": paging})

    steps = list(walk(LIST, send, {}, CONTEXT))
    assert sum(len(step.page.records) for step in steps) == 60
    assert asked == [100, 50, 25, 25, 25]
    with pytest.raises(BadReply):
        list(walk(LIST, lambda request: reply(problem(1, "Please reduce the amount of data"), 500), {}, CONTEXT))


def test_the_next_page_is_asked_for_by_its_cursor_and_never_by_its_link() -> None:
    link = "https://graph.facebook.com/v26.0/1/feed?access_token=hidden&after=here"
    for paging in ({"next": link}, {"next": link, "cursors": {"after": "here", "before": "there"}}):
        page = LIST.parse(LIST.request({}, CONTEXT), reply({"data": [], "paging": paging}), {}, CONTEXT)
        assert page.next is not None
        assert page.next.params == {"limit": 100, "after": "here"}
    last = LIST.parse(Request(path="/"), reply({"data": [], "paging": {"cursors": {"after": "here"}}}), {}, CONTEXT)
    assert last.next is None
    with pytest.raises(BadReply, match="cursor"):
        LIST.parse(Request(path="/"), reply({"data": [], "paging": {"next": "https://x/"}}), {}, CONTEXT)


# Webhooks

URL = "https://hooks.example.com/in/page"


def delivery(body: str, **headers: str) -> Delivery:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Delivery(method="POST", url=URL, headers=named, body=body.encode())


@needs_shared
def test_the_worked_example_of_a_signature() -> None:
    vectors = recorded("facebook", "webhook_vectors.json")["vectors"]
    body, values = vectors["body"], {"app_secret": vectors["secret"]}
    INBOUND.verify(delivery(body, x_hub_signature_256=vectors["value"]), values, NOW)
    INBOUND.verify(delivery(body, x_hub_signature_256=vectors["value"]), {"client_secret": vectors["secret"]}, NOW)
    for wrong in (
        delivery(body, x_hub_signature_256=vectors["wrong_if_unescaped"]),
        delivery(body.replace("\\u00e9", "é"), x_hub_signature_256=vectors["value"]),
        delivery(body, x_hub_signature=vectors["sha1"]),
        delivery(body, x_hub_signature_256=vectors["value"].removeprefix("sha256=")),
        delivery(body, x_hub_signature_256=""),
    ):
        with pytest.raises(SignatureRefused) as refused:
            INBOUND.verify(wrong, values, NOW)
        assert vectors["secret"] not in str(refused.value)
    with pytest.raises(SignatureRefused):
        INBOUND.verify(delivery(body, x_hub_signature_256=vectors["value"]), {}, NOW)


def asked_to_answer(**params: str) -> Delivery:
    return Delivery(method="GET", url=URL, params={f"hub.{name}": value for name, value in params.items()})


def test_the_challenge_is_answered_only_to_who_knows_the_token() -> None:
    values = {"verify_token": "ours"}
    answer = INBOUND.handshake(asked_to_answer(mode="subscribe", challenge="123", verify_token="ours"), values)
    assert answer is not None
    assert (answer.status, answer.body, answer.content_type.partition(";")[0]) == (200, b"123", "text/plain")
    assert INBOUND.handshake(delivery("{}"), values) is None
    for wrong, known in (
        (asked_to_answer(mode="subscribe", challenge="1", verify_token="theirs"), values),
        (asked_to_answer(mode="subscribe", challenge="1"), values),
        (asked_to_answer(mode="unsubscribe", challenge="1", verify_token="ours"), values),
        (asked_to_answer(mode="subscribe", challenge="1", verify_token=""), {}),
    ):
        with pytest.raises(SignatureRefused):
            INBOUND.handshake(wrong, known)
