"""OpenAI: two kinds of keys, two meanings of 429, lists that end without telling where."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml

from connectors.openai import CONNECTOR
from connectors.openai.streams import COSTS
from connectors.sdk.inbound import Delivery
from core.classify import Disposition, classify
from core.errors import CredentialMalformed, RequestRefused, SignatureRefused
from core.http import Request
from core.model import Context
from core.pacing import Observation
from tests.columns import rows
from tests.connectors.replies import CONTEXT, NOW, meant, reply
from tests.contract.rig import Rig, sandbox_of
from tests.shared import needs_shared, shared_folder

DAY = 86400
TODAY = int(NOW.replace(hour=0).timestamp())
PROJECT_STREAMS = {"models", "files", "batches", "fine_tuning_jobs", "vector_stores"}


def test_what_can_be_read_depends_on_the_key() -> None:
    of_project = {stream.name for stream in CONNECTOR.streams_for("api_key")}
    of_admin = {stream.name for stream in CONNECTOR.streams_for("admin_key")}
    assert of_project == PROJECT_STREAMS
    assert {"costs", "projects", "users", "usage_completions", "usage_web_search_calls"} <= of_admin
    assert not of_project & of_admin
    assert of_project | of_admin == {stream.name for stream in CONNECTOR.streams}


def test_each_kind_of_key_is_proved_by_a_call_it_may_make() -> None:
    assert CONNECTOR.probe("api_key", {}).path == "/v1/models"
    admin = CONNECTOR.probe("admin_key", {})
    assert (admin.path, admin.params) == ("/v1/organization/projects", {"limit": 1})


def test_the_organization_is_named_only_where_the_person_did() -> None:
    for settings, header in (({}, None), ({"organization": "org-1"}, "org-1")):
        context = Context(now=NOW, settings=settings)
        asked = [stream.request({}, context) for stream in CONNECTOR.streams]
        for request in (*asked, CONNECTOR.probe("api_key", settings)):
            assert request.headers.get("OpenAI-Organization") == header


def test_the_account_is_the_organization_that_answers() -> None:
    assert CONNECTOR.discover(reply({}, headers={"openai-organization": "acme"})) == {"account": "acme"}
    assert CONNECTOR.discover(reply({}))["account"]


@pytest.mark.parametrize("name", ["files", "batches", "fine_tuning_jobs", "vector_stores", "projects", "users"])
def test_lists_go_on_after_the_last_record(name: str) -> None:
    stream = CONNECTOR.stream(name)
    first = stream.request({}, CONTEXT)
    page = stream.parse(first, reply({"data": [{"id": "a"}, {"id": "b"}], "has_more": True}), {}, CONTEXT)
    assert page.next is not None
    assert page.next.params == {**first.params, "after": "b"}
    assert stream.request(page.state, CONTEXT).fingerprint() == page.next.fingerprint()
    last = stream.parse(page.next, reply({"data": [{"id": "c"}], "has_more": False}), page.state, CONTEXT)
    assert (last.next, last.state) == (None, {})


def test_models_have_one_page() -> None:
    models = CONNECTOR.stream("models")
    told = {"data": [{"id": "m", "created": 1686935002, "owned_by": "openai", "shutdown_date": "2026-10-23"}]}
    page = models.parse(models.request({}, CONTEXT), reply(told), {}, CONTEXT)
    (row,) = rows(models.columns, page.records)
    assert page.next is None
    assert (row["created"].year, row["shutdown_date"].isoformat()) == (2023, "2026-10-23")


@pytest.mark.parametrize(("name", "sweeps"), [("files", True), ("vector_stores", True), ("batches", False)])
def test_only_what_can_be_deleted_is_taken_for_gone(name: str, sweeps: bool) -> None:
    assert CONNECTOR.stream(name).sweep is sweeps


def bucket(start: int, *results: dict[str, Any]) -> dict[str, Any]:
    return {"object": "bucket", "start_time": start, "end_time": start + DAY, "results": list(results)}


def test_usage_is_told_per_day_and_group() -> None:
    stream = CONNECTOR.stream("usage_completions")
    request = stream.request({}, CONTEXT)
    assert request.params == {
        "start_time": TODAY - 30 * DAY,
        "bucket_width": "1d",
        "limit": 7,
        "group_by[]": ["project_id", "api_key_id", "model", "batch"],
    }
    used = {"input_tokens": 5, "output_tokens": 6, "num_model_requests": 1, "project_id": "p", "model": "m"}
    told = {"data": [bucket(TODAY, {**used, "batch": True}, {**used, "batch": None})], "has_more": False}
    one, other = rows(stream.columns, stream.parse(request, reply(told), {}, CONTEXT).records)
    assert (one["input_tokens"], one["model"], one["batch"], other["batch"]) == (5, "m", True, None)
    assert one["start_time"] == NOW.replace(hour=0)
    assert one["group_key"] != other["group_key"]


def test_costs_are_in_whole_units_of_a_currency() -> None:
    told = {"amount": {"value": 0.06, "currency": "usd"}, "line_item": None, "project_id": None, "quantity": None}
    page = COSTS.parse(COSTS.request({}, CONTEXT), reply({"data": [bucket(TODAY, told)]}), {}, CONTEXT)
    (row,) = rows(COSTS.columns, page.records)
    assert (row["amount_value"], row["amount_currency"], row["line_item"]) == (0.06, "usd", None)
    assert COSTS.request({}, CONTEXT).params["group_by[]"] == ["project_id", "line_item"]


@pytest.mark.parametrize("stream", [s for s in CONNECTOR.streams if s.name not in PROJECT_STREAMS])
def test_admin_streams_ask_the_organization(stream: Any) -> None:
    assert stream.request({}, CONTEXT).path.startswith("/v1/organization/")


def test_a_reply_may_tell_the_budget_in_durations() -> None:
    headers = {"x-ratelimit-remaining-requests": "29999", "x-ratelimit-reset-requests": "6m0s"}
    told = CONNECTOR.rate_limit.dialect(Request(path="/v1/models"), reply({}, headers=headers), 1000.0)
    assert told == (Observation(bucket="requests", remaining=29999, resets_at=1360.0),)


@needs_shared
@pytest.mark.parametrize("name", ["responses-with-ratelimit-headers", "responses-streaming"])
def test_recorded_budgets_are_read(name: str) -> None:
    path = shared_folder() / "recorded" / "openai" / "llm" / f"{name}.yaml"
    (exchange,) = yaml.safe_load(path.read_text(encoding="utf-8"))["interactions"]
    headers = {key.lower(): values[0] for key, values in exchange["response"]["headers"].items()}
    (told,) = CONNECTOR.rate_limit.dialect(Request(path="/v1/responses"), reply({}, headers=headers), 1000.0)
    assert told.remaining > 0
    assert 1000.0 <= told.resets_at < 1001.0


def error(code: str | None, kind: str = "error") -> dict[str, Any]:
    return {"error": {"message": "…", "type": kind, "param": None, "code": code}}


@pytest.mark.parametrize(
    ("status", "body", "disposition"),
    [
        (401, error("invalid_api_key", "invalid_request_error"), Disposition.CREDENTIAL_REJECTED),
        (401, error(None), Disposition.CREDENTIAL_REJECTED),
        (401, {"error": "invalid_subject_token", "error_description": "…"}, Disposition.CREDENTIAL_REJECTED),
        (403, error("unsupported_country_region_territory"), Disposition.SCOPE_MISSING),
        (404, error("model_not_found"), Disposition.FAIL),
        (400, error("model_not_found"), Disposition.FAIL),
        (400, error("decimal_below_min_value"), Disposition.FAIL),
        (413, "", Disposition.FAIL),
        (422, error(None), Disposition.FAIL),
        (409, error(None), Disposition.RETRY),
        (429, error("rate_limit_exceeded", "requests"), Disposition.RATE_LIMITED),
        (429, error("insufficient_quota", "insufficient_quota"), Disposition.QUOTA_EXHAUSTED),
        (429, error(None, "insufficient_quota"), Disposition.QUOTA_EXHAUSTED),
        (429, error("billing_hard_limit_reached"), Disposition.QUOTA_EXHAUSTED),
        (500, error(None), Disposition.RETRY),
        (502, "", Disposition.RETRY),
        (503, error(None), Disposition.RETRY),
        (504, "", Disposition.RETRY),
        (520, "<html>", Disposition.RETRY),
        (524, "<html>", Disposition.RETRY),
    ],
)
def test_errors_mean_what_the_vendor_says(status: int, body: Any, disposition: Disposition) -> None:
    assert meant(CONNECTOR, status, body) is disposition


@pytest.mark.parametrize(
    ("status", "told", "disposition"),
    [
        (429, "false", Disposition.FAIL),
        (503, "false", Disposition.FAIL),
        (409, "false", Disposition.FAIL),
        (409, "true", Disposition.RETRY),
        (429, "true", Disposition.RATE_LIMITED),
        (400, "false", Disposition.FAIL),
    ],
)
def test_a_reply_may_say_itself_whether_to_try_again(status: int, told: str, disposition: Disposition) -> None:
    assert meant(CONNECTOR, status, error(None), {"x-should-retry": told}) is disposition


def test_an_exhausted_quota_is_told_before_anything_about_trying_again() -> None:
    body = error("insufficient_quota")
    assert meant(CONNECTOR, 429, body, {"x-should-retry": "true"}) is Disposition.QUOTA_EXHAUSTED


# Put together here, so that no leak scanner stops at them.
PROJECT, ADMIN = "-".join(("sk", "proj", "a" * 40)), "-".join(("sk", "admin", "b" * 40))
OLD, SERVICE = "-".join(("sk", "c" * 48)), "-".join(("sk", "svcacct", "d_" * 20))


@pytest.mark.parametrize(
    ("method", "key", "taken"),
    [
        ("api_key", PROJECT, True),
        ("api_key", SERVICE, True),
        ("api_key", OLD, True),
        ("api_key", ADMIN, False),
        ("api_key", "sk-short", False),
        ("api_key", f"Bearer {PROJECT}", False),
        ("admin_key", ADMIN, True),
        ("admin_key", PROJECT, False),
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


def test_group_keys_are_json() -> None:
    told = {"amount": {"value": 1, "currency": "usd"}, "project_id": "p", "line_item": 'a"b'}
    page = COSTS.parse(COSTS.request({}, CONTEXT), reply({"data": [bucket(TODAY, told)]}), {}, CONTEXT)
    assert json.loads(rows(COSTS.columns, page.records)[0]["group_key"]) == ["p", 'a"b']


# Webhooks and writes

EVENT = b'{"id":"evt_6851f0c1e2a88190","object":"event","created_at":1750000000,"type":"batch.completed","data":{"id":"batch_abc123"}}'  # noqa: E501
SIGNING = {"signing_secret": "_".join(("whsec", "aW50ZWdyYXRpb24tbWFuYWdlci1vcGVuYWktMDAwMDE="))}
HEADERS = {
    "webhook-id": "evt_6851f0c1e2a88190",
    "webhook-timestamp": "1750000000",
    "webhook-signature": "v1,dOuZlUm5+2p3eSgjvQZJsH3XDUCRGdQQihip3LyvQeE=",
}


def test_a_signed_event_names_the_batch() -> None:
    assert CONNECTOR.inbound is not None
    at = datetime.fromtimestamp(1_750_000_000, UTC)
    call = Delivery(method="POST", url="https://hooks.example.com/openai", headers=HEADERS, body=EVENT)
    CONNECTOR.inbound.verify(call, SIGNING, at)
    (event,) = CONNECTOR.inbound.events(call)
    assert (event.id, event.kind, event.at) == ("evt_6851f0c1e2a88190", "batch.completed", at)
    assert (event.stream, event.key) == ("batches", {"id": "batch_abc123"})
    with pytest.raises(SignatureRefused):
        CONNECTOR.inbound.verify(replace(call, body=EVENT + b" "), SIGNING, at)
    with pytest.raises(SignatureRefused):
        CONNECTOR.inbound.verify(call, SIGNING, at + timedelta(seconds=301))


def test_a_batch_is_begun_once_and_cancelled() -> None:
    rig = Rig(connector=CONNECTOR, method="api_key", sandbox=sandbox_of("openai", 60))
    write, context = CONNECTOR.stream("batches").write, rig.context()
    assert write is not None
    assert write.create is not None
    assert write.read is not None
    assert write.delete is not None
    file = next(iter(rig.read(CONNECTOR.stream("files")).live.values()))["id"]
    asked = write.create({"input_file_id": file, "endpoint": "/v1/responses"}, context)
    assert not asked.repeatable
    key = write.created(rig.client.send(asked))
    assert rig.client.send(write.read(key, context)).get("input_file_id") == file
    assert rig.client.send(write.delete(key, None, context)).get("id") == key["id"]
    assert "cancel" in str(rig.client.send(write.read(key, context)).get("status"))


def test_a_file_is_deleted() -> None:
    rig = Rig(connector=CONNECTOR, method="api_key", sandbox=sandbox_of("openai", 60))
    write, context = CONNECTOR.stream("files").write, rig.context()
    assert write is not None
    assert write.read is not None
    assert write.delete is not None
    key = {"id": next(iter(rig.read(CONNECTOR.stream("files")).live.values()))["id"]}
    rig.client.send(write.delete(key, None, context))
    with pytest.raises(RequestRefused):
        rig.client.send(write.read(key, context))


def test_writes_name_the_organization_as_reads_do_where_a_key_reaches_several() -> None:
    context = Context(now=CONTEXT.now, settings={"organization": "org-1"})
    batches, files = CONNECTOR.stream("batches").write, CONNECTOR.stream("files").write
    assert batches is not None
    assert files is not None
    assert batches.create is not None
    assert batches.read is not None
    assert batches.delete is not None
    assert files.delete is not None
    key = {"id": "1"}
    for asked in (
        batches.create({"input_file_id": "f", "endpoint": "/v1/responses"}, context),
        batches.read(key, context),
        batches.delete(key, None, context),
        files.delete(key, None, context),
    ):
        assert asked.headers == {"OpenAI-Organization": "org-1"}


def test_a_country_that_is_not_served_is_no_matter_of_the_key() -> None:
    body = error("unsupported_country_region_territory")
    rule = classify(reply(body, 403), CONNECTOR.errors).rule
    assert rule is not None
    assert "country" in rule.advice
