"""The simulated Claude: required headers, two kinds of key, lists by id both ways, sums that agree, recorded shapes."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import httpx
import pytest

from sandbox.faults import Fault
from sandbox.samples import SAMPLES
from sandbox.sandbox import Sandbox
from tests.sandbox.rig import client_of, differences, make_sandbox
from tests.shared import needs_shared, recorded_bodies

BASE = "https://api.anthropic.com"
FILES = {"anthropic-beta": "files-api-2025-04-14"}
MORNING = "2026-09-06T00:00:00Z"


def client_with(sandbox: Sandbox, kind: str) -> httpx.Client:
    client = client_of(sandbox, BASE)
    client.headers.update({"x-api-key": SAMPLES["claude"][kind]["token"], "anthropic-version": "2023-06-01"})
    return client


@pytest.fixture
def sandbox() -> Sandbox:
    return make_sandbox("claude", relaxed=True)


@pytest.fixture
def key(sandbox: Sandbox) -> httpx.Client:
    return client_with(sandbox, "api_key")


@pytest.fixture
def admin(sandbox: Sandbox) -> httpx.Client:
    return client_with(sandbox, "admin_key")


def test_the_version_and_for_files_the_beta_are_asked_for(key: httpx.Client) -> None:
    assert key.get("/v1/files").status_code == 404
    assert key.get("/v1/files", headers=FILES).status_code == 200
    del key.headers["anthropic-version"]
    refused = key.get("/v1/models")
    assert (refused.status_code, refused.json()["error"]["type"]) == (400, "invalid_request_error")


def test_the_kinds_of_key_exclude_each_other(key: httpx.Client, admin: httpx.Client) -> None:
    for client, path in ((key, "/v1/organizations/users"), (admin, "/v1/models")):
        refused = client.get(path)
        assert (refused.status_code, refused.json()["error"]["type"]) == (403, "permission_error")


def test_lists_are_newest_first_and_lead_both_ways(key: httpx.Client) -> None:
    first = key.get("/v1/messages/batches", params={"limit": 5}).json()
    second = key.get("/v1/messages/batches", params={"limit": 5, "after_id": first["last_id"]}).json()
    created = [one["created_at"] for one in [*first["data"], *second["data"]]]
    assert created == sorted(created, reverse=True)
    back = key.get("/v1/messages/batches", params={"limit": 5, "before_id": second["first_id"]}).json()
    assert back["data"] == first["data"]
    assert (back["first_id"], back["last_id"]) == (first["first_id"], first["last_id"])


@pytest.mark.parametrize("params", [{"limit": 0}, {"limit": 1001}, {"limit": "x"}, {"after_id": "msgbatch_x"}])
def test_wrong_parameters_are_refused(key: httpx.Client, params: dict[str, Any]) -> None:
    assert key.get("/v1/messages/batches", params=params).status_code == 400


def used(admin: httpx.Client, **params: Any) -> list[dict[str, Any]]:
    asked = {"starting_at": MORNING, "ending_at": "2026-09-07T00:00:00Z", **params}
    reply = admin.get("/v1/organizations/usage_report/messages", params=asked)
    assert reply.status_code == 200, reply.text
    return [result for bucket in reply.json()["data"] for result in bucket["results"]]


def test_groups_and_hours_add_up_to_the_day(admin: httpx.Client) -> None:
    (whole,) = used(admin)
    assert whole["model"] is None
    assert whole["output_tokens"] > 0
    for params in ({"group_by[]": ["model", "workspace_id"]}, {"bucket_width": "1h"}):
        parts = used(admin, **params)
        assert len(parts) > 1
        assert sum(part["output_tokens"] for part in parts) == whole["output_tokens"]


def test_costs_are_those_of_the_tokens_in_cents(admin: httpx.Client) -> None:
    asked: dict[str, Any] = {"starting_at": MORNING, "limit": 1, "group_by[]": ["workspace_id", "description"]}
    (day,) = admin.get("/v1/organizations/cost_report", params=asked).json()["data"]
    cents: defaultdict[str, float] = defaultdict(float)
    for line in day["results"]:
        assert isinstance(line["amount"], str)
        cents[line["token_type"]] += float(line["amount"])
    (whole,) = used(admin)
    assert cents["output_tokens"] == pytest.approx(whole["output_tokens"] * 1500 / 1e6, rel=1e-3)


def test_what_was_used_shows_five_minutes_later(sandbox: Sandbox, admin: httpx.Client) -> None:
    def today() -> int:
        found = used(admin, starting_at="2026-09-07T00:00:00Z", ending_at="2026-09-08T00:00:00Z")
        return sum(result["output_tokens"] for result in found)

    before = today()
    sandbox.advance(hours=3)
    assert today() > before


def test_a_spent_limit_is_told_as_a_bad_request(sandbox: Sandbox, key: httpx.Client) -> None:
    sandbox.plan(Fault(kind="status", args={"status": 400}))
    assert "usage limits" in key.get("/v1/models").json()["error"]["message"]
    sandbox.plan(Fault(kind="status", args={"status": 529}))
    assert key.get("/v1/models").json()["error"]["type"] == "overloaded_error"


@needs_shared
@pytest.mark.parametrize(
    ("name", "path", "optional"),
    [
        ("nango/models", "/v1/models", ("data[].capabilities",)),
        ("nango/files", "/v1/files", ()),
        ("nango/message-batches", "/v1/messages/batches", ()),
    ],
)
def test_replies_have_the_recorded_shapes(key: httpx.Client, name: str, path: str, optional: tuple[str, ...]) -> None:
    ours = key.get(path, headers=FILES).json()
    for body in recorded_bodies("claude", name):
        assert differences(body, ours, optional=optional) == []
