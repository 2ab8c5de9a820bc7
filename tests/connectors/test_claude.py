"""Claude: two kinds of keys, a spent limit that is told by words alone, buckets with written times, cents as text."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml

from connectors.claude import CONNECTOR
from connectors.claude.streams import CLAUDE_CODE_USAGE, COSTS, USAGE_MESSAGES
from connectors.sdk.inbound import Delivery
from connectors.sdk.writing import Write
from core.classify import Disposition
from core.errors import CredentialMalformed, RequestRefused, SignatureRefused, UsageError
from core.http import Request
from core.pacing import Observation
from tests.columns import rows
from tests.connectors.replies import CONTEXT, NOW, meant, reply
from tests.contract.rig import Rig, sandbox_of
from tests.platforms.claude import document
from tests.shared import needs_shared, shared_folder
from tests.spec.test_connector_requests import Listening

DAY = timedelta(days=1)
TODAY = NOW.replace(hour=0)
WORKSPACE_STREAMS = {"models", "message_batches", "files"}


def test_what_can_be_read_depends_on_the_key() -> None:
    of_workspace = {stream.name for stream in CONNECTOR.streams_for("api_key")}
    of_admin = {stream.name for stream in CONNECTOR.streams_for("admin_key")}
    assert of_workspace == WORKSPACE_STREAMS
    assert not of_workspace & of_admin
    assert of_workspace | of_admin == {stream.name for stream in CONNECTOR.streams}
    assert all(CONNECTOR.stream(name).request({}, CONTEXT).path.startswith("/v1/organizations/") for name in of_admin)


def test_every_call_names_the_version_and_files_the_beta() -> None:
    assert CONNECTOR.headers == {"anthropic-version": "2023-06-01"}
    assert CONNECTOR.stream("files").request({}, CONTEXT).headers == {"anthropic-beta": "files-api-2025-04-14"}
    assert CONNECTOR.stream("models").request({}, CONTEXT).headers == {}


def test_the_account_is_the_organization_by_its_name_else_by_its_id() -> None:
    named = {"id": "o", "type": "organization", "name": "Acme"}
    assert CONNECTOR.discover(reply(named)) == {"account": "Acme"}
    assert CONNECTOR.discover(reply({"data": []}, headers={"anthropic-organization-id": "o"})) == {"account": "o"}
    assert CONNECTOR.discover(reply({}))["account"]


@pytest.mark.parametrize("name", ["models", "message_batches", "files", "workspaces", "users", "api_keys"])
def test_lists_go_on_after_the_last_record(name: str) -> None:
    stream = CONNECTOR.stream(name)
    first = stream.request({}, CONTEXT)
    told = {"data": [{"id": "a"}, {"id": "b"}], "has_more": True, "first_id": "a", "last_id": "b"}
    page = stream.parse(first, reply(told), {}, CONTEXT)
    assert page.next is not None
    assert page.next.params == {**first.params, "after_id": "b"}
    assert page.next.headers == first.headers
    last = stream.parse(page.next, reply({"data": [], "has_more": False}), page.state, CONTEXT)
    assert (last.next, last.state) == (None, {})


def bucket(start: datetime, *results: dict[str, Any]) -> dict[str, Any]:
    ends = (start + DAY).isoformat().replace("+00:00", "Z")
    return {"starting_at": start.isoformat().replace("+00:00", "Z"), "ending_at": ends, "results": list(results)}


def test_usage_is_told_per_day_and_group() -> None:
    request = USAGE_MESSAGES.request({}, CONTEXT)
    assert request.params == {
        "starting_at": (TODAY - 30 * DAY).strftime("%Y-%m-%dT00:00:00Z"),
        "bucket_width": "1d",
        "limit": 31,
        "group_by[]": ["workspace_id", "api_key_id", "model", "service_tier", "context_window"],
    }
    used = {
        "uncached_input_tokens": 1500,
        "cache_creation": {"ephemeral_1h_input_tokens": 1000, "ephemeral_5m_input_tokens": 500},
        "cache_read_input_tokens": 200,
        "output_tokens": 500,
        "server_tool_use": {"web_search_requests": 10},
        "api_key_id": None,
        "workspace_id": None,
        "model": "claude-sonnet-4-6",
    }
    told = {"data": [bucket(TODAY, used)], "has_more": True, "next_page": "page_x"}
    page = USAGE_MESSAGES.parse(request, reply(told), {}, CONTEXT)
    (row,) = rows(USAGE_MESSAGES.columns, page.records)
    assert (row["start_time"], row["end_time"]) == (TODAY, TODAY + DAY)
    assert row["group_key"] == '[null,null,"claude-sonnet-4-6",null,null]'
    assert (row["cache_creation_1h_input_tokens"], row["web_search_requests"]) == (1000, 10)
    assert page.next is not None
    assert page.next.params["page"] == "page_x"


def test_costs_are_cents_in_text_and_told_in_whole_units_too() -> None:
    told = {"currency": "USD", "amount": "123.78912", "workspace_id": None, "description": None}
    page = COSTS.parse(COSTS.request({}, CONTEXT), reply({"data": [bucket(TODAY, told)]}), {}, CONTEXT)
    (row,) = rows(COSTS.columns, page.records)
    assert (row["amount"], row["amount_currency"]) == (123.78912, "USD")
    assert row["amount_value"] == pytest.approx(1.2378912)


@pytest.mark.parametrize("amount", ["much", None, ""])
def test_an_amount_that_is_none_is_not_counted_as_one(amount: Any) -> None:
    page = COSTS.parse(
        COSTS.request({}, CONTEXT),
        reply({"data": [bucket(TODAY, {"currency": "USD", "amount": amount})]}),
        {},
        CONTEXT,
    )
    assert b"amount_value" not in page.records[0]
    with pytest.raises(ValueError, match="amount"):
        rows(COSTS.columns, page.records)


def test_claude_code_is_asked_for_day_by_day_and_page_by_page() -> None:
    state = {"since": "2026-11-22"}
    first = CLAUDE_CODE_USAGE.request(state, CONTEXT)
    assert first.params == {"starting_at": "2026-11-22", "limit": 1000}
    who = {"type": "user_actor", "email_address": "ada@example.com"}
    told = {"date": "2026-11-22T00:00:00Z", "actor": who, "core_metrics": {"lines_of_code": {"added": 7}}}
    page = CLAUDE_CODE_USAGE.parse(first, reply({"data": [told], "has_more": True, "next_page": "p2"}), state, CONTEXT)
    (row,) = rows(CLAUDE_CODE_USAGE.columns, page.records)
    assert (row["day"].isoformat(), row["actor_email"], row["lines_added"]) == ("2026-11-22", "ada@example.com", 7)
    assert page.next is not None
    assert page.next.params == {**first.params, "page": "p2"}
    rest = CLAUDE_CODE_USAGE.parse(page.next, reply({"data": [], "has_more": False}), page.state, CONTEXT)
    assert rest.next is not None
    assert rest.next.params == {"starting_at": "2026-11-23", "limit": 1000}


def test_a_reply_may_tell_the_budget_with_a_written_time() -> None:
    headers = {
        "anthropic-ratelimit-requests-remaining": "39999",
        "anthropic-ratelimit-requests-reset": "2026-02-17T19:29:21Z",
    }
    told = CONNECTOR.rate_limit.dialect(Request(path="/v1/models"), reply({}, headers=headers), 0.0)
    at = datetime(2026, 2, 17, 19, 29, 21, tzinfo=UTC).timestamp()
    assert told == (Observation(bucket="requests", remaining=39999, resets_at=at),)


def interactions(name: str) -> list[dict[str, Any]]:
    path = shared_folder() / "recorded" / "claude" / f"{name}.yaml"
    found: list[dict[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8"))["interactions"]
    return found


@needs_shared
def test_a_recorded_budget_is_read() -> None:
    (exchange,) = interactions("llm-anthropic/messages-stream-with-ratelimit-headers")
    headers = {key.lower(): values[0] for key, values in exchange["response"]["headers"].items()}
    (told,) = CONNECTOR.rate_limit.dialect(Request(path="/v1/messages"), reply({}, headers=headers), 0.0)
    assert told.remaining > 0
    assert datetime.fromtimestamp(told.resets_at, UTC).year == 2026


@needs_shared
@pytest.mark.parametrize("name", ["400-invalid-request", "404-count-tokens", "404-model-not-found"])
def test_recorded_errors_fail(name: str) -> None:
    for exchange in interactions(f"pydantic-ai/{name}"):
        told = exchange["response"]
        assert meant(CONNECTOR, told["status"]["code"], told["parsed_body"]) is Disposition.FAIL


@needs_shared
def test_a_recorded_upload_is_a_file() -> None:
    told = interactions("pydantic-ai/files-upload-and-use")[0]["response"]["parsed_body"]
    page = CONNECTOR.stream("files").parse(Request(path="/"), reply({"data": [told], "has_more": False}), {}, CONTEXT)
    (row,) = rows(CONNECTOR.stream("files").columns, page.records)
    assert (row["filename"], row["size_bytes"], row["downloadable"]) == ("data.csv", 30, False)


def error(kind: str, message: str = "…") -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"}


LIMIT = "You have reached your specified API usage limits. You will regain access on 2026-12-01 at 00:00 UTC."
CREDIT = "Your credit balance is too low to access the Anthropic API."


@pytest.mark.parametrize(
    ("status", "body", "disposition"),
    [
        (400, error("invalid_request_error", "limit: too large"), Disposition.FAIL),
        (400, error("invalid_request_error", "the workspace is suspended"), Disposition.FAIL),
        (400, error("invalid_request_error", LIMIT), Disposition.QUOTA_EXHAUSTED),
        (400, error("invalid_request_error", CREDIT), Disposition.QUOTA_EXHAUSTED),
        (400, error("invalid_request_error", "The workspace's spend limit is reached"), Disposition.QUOTA_EXHAUSTED),
        (400, error("invalid_request_error", "Spend limit reached"), Disposition.QUOTA_EXHAUSTED),
        (429, error("rate_limit_error", "Your monthly spend limit is reached"), Disposition.QUOTA_EXHAUSTED),
        (401, error("authentication_error"), Disposition.CREDENTIAL_REJECTED),
        (402, error("billing_error"), Disposition.QUOTA_EXHAUSTED),
        (402, "", Disposition.QUOTA_EXHAUSTED),
        (403, error("permission_error"), Disposition.SCOPE_MISSING),
        (404, error("not_found_error"), Disposition.FAIL),
        (409, error("conflict_error"), Disposition.FAIL),
        (413, error("request_too_large"), Disposition.FAIL),
        (413, "<html>", Disposition.FAIL),
        (429, error("rate_limit_error", "This request would exceed your rate limit"), Disposition.RATE_LIMITED),
        (500, error("api_error"), Disposition.RETRY),
        (504, error("timeout_error"), Disposition.RETRY),
        (529, error("overloaded_error"), Disposition.RETRY),
        (200, error("overloaded_error"), Disposition.RETRY),
        (200, error("invalid_request_error"), Disposition.FAIL),
        (200, error("billing_error"), Disposition.QUOTA_EXHAUSTED),
        (200, {"data": [], "has_more": False}, Disposition.OK),
    ],
)
def test_errors_mean_what_the_vendor_says(status: int, body: Any, disposition: Disposition) -> None:
    assert meant(CONNECTOR, status, body) is disposition


@pytest.mark.parametrize(
    ("status", "told", "disposition"),
    [
        (429, "false", Disposition.FAIL),
        (529, "false", Disposition.FAIL),
        (409, "true", Disposition.RETRY),
        (429, "true", Disposition.RATE_LIMITED),
    ],
)
def test_a_reply_may_say_itself_whether_to_try_again(status: int, told: str, disposition: Disposition) -> None:
    assert meant(CONNECTOR, status, error("api_error"), {"x-should-retry": told}) is disposition


# Put together here, so that no leak scanner stops at them.
KEY, ADMIN = "-".join(("sk", "ant", "api03", "a" * 93 + "AA")), "-".join(("sk", "ant", "admin01", "b" * 93 + "AA"))


@pytest.mark.parametrize(
    ("method", "key", "taken"),
    [
        ("api_key", KEY, True),
        ("api_key", KEY.replace("api03", "api04"), True),
        ("api_key", ADMIN, False),
        ("api_key", "sk-ant-short", False),
        ("api_key", f"Bearer {KEY}", False),
        ("admin_key", ADMIN, True),
        ("admin_key", KEY, False),
    ],
)
def test_a_key_is_taken_by_its_own_kind_alone(method: str, key: str, taken: bool) -> None:
    field = CONNECTOR.method(method).fields[0]
    if taken:
        assert field.check(key) == key
        return
    with pytest.raises(CredentialMalformed) as refused:
        field.check(key)
    assert key not in str(refused.value) + refused.value.advice


def test_the_key_goes_into_a_header_of_its_own() -> None:
    for method in CONNECTOR.auth:
        assert method.authorize({"token": "t"}, Request(path="/")) == {"x-api-key": "t"}


# Webhooks

EVENT = b'{"type":"event","id":"wevt_01HY0000000000000000000001","created_at":"2026-06-15T15:06:40Z","data":{"type":"session.status_idled","id":"sesn_01abc","organization_id":"org-uuid","workspace_id":"wrkspc_01abc"}}'  # noqa: E501
SIGNING = {"signing_secret": "_".join(("whsec", "aW50ZWdyYXRpb24tbWFuYWdlci1jbGF1ZGUtMDAwMDE="))}
HEADERS = {
    "webhook-id": "wevt_01HY0000000000000000000001",
    "webhook-timestamp": "1781536000",
    "webhook-signature": "v1,0e0HrumC3ie7BG1xjTqol/hIPF701I2mb8W0TUpgerw=",
}


def test_a_signed_event_tells_what_happened_where() -> None:
    assert CONNECTOR.inbound is not None
    at = datetime.fromtimestamp(1_781_536_000, UTC)
    call = Delivery(method="POST", url="https://hooks.example.com/claude", headers=HEADERS, body=EVENT)
    CONNECTOR.inbound.verify(call, SIGNING, at)
    (event,) = CONNECTOR.inbound.events(call)
    assert (event.id, event.kind, event.at) == ("wevt_01HY0000000000000000000001", "session.status_idled", at)
    assert (event.stream, event.account, event.deleted) == ("", "org-uuid", False)
    with pytest.raises(SignatureRefused):
        CONNECTOR.inbound.verify(replace(call, body=EVENT + b" "), SIGNING, at)
    with pytest.raises(SignatureRefused):
        CONNECTOR.inbound.verify(call, SIGNING, at + timedelta(seconds=301))


# Writes


def batch_write() -> Write:
    write = CONNECTOR.stream("message_batches").write
    assert write is not None
    return write


REQUESTS: list[Any] = [
    {
        "custom_id": "mine-1",
        "params": {
            "model": "claude-sonnet-4-6",
            "max_tokens": 16,
            "messages": [{"role": "user", "content": "Hello"}],
        },
    }
]


def test_a_batch_can_be_cancelled_and_nothing_else_about_it_changed() -> None:
    update = batch_write().update
    assert update is not None
    asked = update({"id": "msgbatch_1"}, {"processing_status": "canceling"}, None, CONTEXT)
    assert (asked.method, asked.filled_path) == ("POST", "/v1/messages/batches/msgbatch_1/cancel")
    with pytest.raises(UsageError):
        update({"id": "msgbatch_1"}, {"processing_status": "ended"}, None, CONTEXT)


def test_a_batch_is_begun_cancelled_and_once_it_ended_deleted() -> None:
    rig = Rig(connector=CONNECTOR, method="api_key", sandbox=sandbox_of("claude", 60))
    write, context = batch_write(), rig.context()
    assert write.create
    assert write.update
    assert write.read
    assert write.delete
    asked = write.create({"requests": REQUESTS}, context)
    assert not asked.repeatable
    key = write.created(rig.client.send(asked))
    assert rig.client.send(write.read(key, context)).get("processing_status") == "in_progress"
    with pytest.raises(RequestRefused) as refused:
        rig.client.send(write.delete(key, None, context))
    assert "end" in refused.value.advice
    rig.client.send(write.update(key, {"processing_status": "canceling"}, None, context))
    rig.sandbox.advance(seconds=600)
    assert rig.client.send(write.read(key, context)).get("processing_status") == "ended"
    rig.client.send(write.delete(key, None, context))
    with pytest.raises(RequestRefused):
        rig.client.send(write.read(key, context))


def test_a_file_is_deleted() -> None:
    rig = Rig(connector=CONNECTOR, method="api_key", sandbox=sandbox_of("claude", 60))
    write, context = CONNECTOR.stream("files").write, rig.context()
    assert write is not None
    assert write.read
    assert write.delete
    key = {"id": next(iter(rig.read(CONNECTOR.stream("files")).live.values()))["id"]}
    rig.client.send(write.delete(key, None, context))
    with pytest.raises(RequestRefused):
        rig.client.send(write.read(key, context))


@needs_shared
def test_writes_are_as_specified() -> None:
    sandbox = Listening("claude")
    rig = Rig(connector=CONNECTOR, method="api_key", sandbox=sandbox)
    write, context = batch_write(), rig.context()
    assert write.create
    assert write.update
    assert write.read
    key = write.created(rig.client.send(write.create({"requests": REQUESTS}, context)))
    rig.client.send(write.read(key, context))
    rig.client.send(write.update(key, {"processing_status": "canceling"}, None, context))
    judged = [(call, told) for call, told in sandbox.heard if "/batches" in call.path]
    assert len(judged) == 3
    for call, told in judged:
        assert document().request_complaints(call) == []
        assert document().reply_complaints(call, told) == []
