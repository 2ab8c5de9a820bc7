"""The simulated OpenAI: two kinds of key, lists after an object, usage in buckets that settle."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import httpx
import pytest

from sandbox.faults import Fault
from sandbox.samples import SAMPLES
from sandbox.sandbox import Sandbox
from tests.sandbox.rig import client_of, differences, make_sandbox
from tests.shared import recorded_bodies

BASE = "https://api.openai.com"
DAY = 86_400


def key_of(sandbox: Sandbox, kind: str) -> httpx.Client:
    return client_of(sandbox, BASE, token=SAMPLES["openai"][kind]["token"])


@pytest.fixture
def sandbox() -> Sandbox:
    return make_sandbox("openai", relaxed=True)


@pytest.fixture
def key(sandbox: Sandbox) -> httpx.Client:
    return key_of(sandbox, "api_key")


@pytest.fixture
def admin(sandbox: Sandbox) -> httpx.Client:
    return key_of(sandbox, "admin_key")


def walk(client: httpx.Client, path: str, **params: Any) -> Iterator[dict[str, Any]]:
    """Every object of every page, on from the last id of each."""
    asked = params
    while True:
        reply = client.get(f"/v1{path}", params=asked)
        assert reply.status_code == 200, reply.text
        page = reply.json()
        yield from page["data"]
        if not page["has_more"]:
            return
        asked = {**params, "after": page["data"][-1]["id"]}


def buckets(client: httpx.Client, path: str, **params: Any) -> list[dict[str, Any]]:
    """Every bucket of every page."""
    found: list[dict[str, Any]] = []
    page: dict[str, Any] = {"next_page": None}
    while True:
        asked = params | ({"page": page["next_page"]} if page["next_page"] else {})
        reply = client.get(f"/v1/organization/{path}", params=asked)
        assert reply.status_code == 200, reply.text
        page = reply.json()
        found += page["data"]
        if not page["has_more"]:
            return found


# Lists


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/files", "api_key"),
        ("/batches", "api_key"),
        ("/fine_tuning/jobs", "api_key"),
        ("/vector_stores", "api_key"),
        ("/organization/projects", "admin_key"),
        ("/organization/users", "admin_key"),
        ("/organization/admin_api_keys", "admin_key"),
    ],
)
def test_pages_after_the_last_id_make_up_the_whole_list(sandbox: Sandbox, path: str, kind: str) -> None:
    client = key_of(sandbox, kind)
    whole = [one["id"] for one in walk(client, path, limit=100)]
    assert [one["id"] for one in walk(client, path, limit=2)] == whole
    assert len(set(whole)) == len(whole) > 2


def test_files_come_in_one_page_unless_told_otherwise_and_in_either_order(key: httpx.Client) -> None:
    page = key.get("/v1/files").json()
    created = [file["created_at"] for file in page["data"]]
    assert not page["has_more"]
    assert (page["first_id"], page["last_id"]) == (page["data"][0]["id"], page["data"][-1]["id"])
    assert created == sorted(created, reverse=True)
    rising = key.get("/v1/files", params={"order": "asc"}).json()["data"]
    assert rising == page["data"][::-1]
    some = key.get("/v1/files", params={"purpose": "batch"}).json()["data"]
    assert some == [file for file in page["data"] if file["purpose"] == "batch"]
    assert key.get("/v1/files", params={"limit": 10_001}).status_code == 400


def test_jobs_have_no_ends_and_stores_go_both_ways(key: httpx.Client) -> None:
    assert set(key.get("/v1/fine_tuning/jobs").json()) == {"object", "data", "has_more"}
    stores = key.get("/v1/vector_stores").json()["data"]
    ahead = key.get("/v1/vector_stores", params={"before": stores[2]["id"]}).json()["data"]
    assert ahead == stores[:2]


def test_jobs_are_found_by_their_metadata(key: httpx.Client) -> None:
    jobs = list(walk(key, "/fine_tuning/jobs"))
    found = list(walk(key, "/fine_tuning/jobs", **{"metadata[team]": "search"}))
    assert found == [job for job in jobs if (job["metadata"] or {}).get("team") == "search"]
    assert found


def test_an_unknown_place_in_a_list_is_refused_and_a_deleted_one_is_not(key: httpx.Client) -> None:
    assert key.get("/v1/files", params={"after": "file-unknown"}).json()["error"]["param"] == "after"
    files = key.get("/v1/files").json()["data"]
    assert key.delete(f"/v1/files/{files[1]['id']}").status_code == 200
    assert key.get("/v1/files", params={"after": files[1]["id"]}).json()["data"] == files[2:]


def test_lists_grow_and_what_was_deleted_is_gone(sandbox: Sandbox, key: httpx.Client, admin: httpx.Client) -> None:
    before = {one["id"] for one in walk(key, "/files")}
    models = {one["id"] for one in key.get("/v1/models").json()["data"]}
    projects = {one["id"] for one in walk(admin, "/organization/projects")}
    sandbox.advance(days=60)
    after = {one["id"] for one in walk(key, "/files")}
    assert after - before
    assert before - after
    tuned = {one["id"] for one in key.get("/v1/models").json()["data"]} - models
    assert tuned
    assert all(name.startswith("ft:") for name in tuned)
    assert key.get(f"/v1/models/{tuned.pop()}").status_code == 200
    still = {one["id"] for one in walk(admin, "/organization/projects")}
    archived = [one for one in walk(admin, "/organization/projects", include_archived="true") if one["archived_at"]]
    assert projects - still
    assert projects - still <= {one["id"] for one in archived}


# Writes


def test_a_file_is_uploaded_and_deleted_and_never_changed(sandbox: Sandbox, key: httpx.Client) -> None:
    content = b'{"custom_id":"1"}\r\n--x\n'
    made = key.post(
        "/v1/files", files={"file": ("anfragen für heute.jsonl", content)}, data={"purpose": "batch"}
    ).json()
    assert (made["filename"], made["bytes"], made["purpose"]) == ("anfragen für heute.jsonl", len(content), "batch")
    assert made["expires_at"] == made["created_at"] + 30 * DAY
    assert key.get("/v1/files").json()["data"][0] == made
    assert key.get(f"/v1/files/{made['id']}").json() == made
    assert key.delete(f"/v1/files/{made['id']}").json() == {"id": made["id"], "object": "file", "deleted": True}
    assert key.get(f"/v1/files/{made['id']}").status_code == 404
    assert key.post("/v1/files", files={"file": ("x", b"")}, data={"purpose": "fun"}).status_code == 400
    assert key.post("/v1/files", json={"purpose": "batch"}).status_code == 400


def test_a_batch_comes_to_its_end_by_the_clock(sandbox: Sandbox, key: httpx.Client) -> None:
    file = key.post("/v1/files", files={"file": ("x.jsonl", b"{}")}, data={"purpose": "batch"}).json()["id"]
    body = {"input_file_id": file, "endpoint": "/v1/responses", "completion_window": "24h", "metadata": {"mark": "7"}}
    made = key.post("/v1/batches", json=body).json()
    assert (made["status"], made["metadata"]) == ("validating", {"mark": "7"})
    assert key.get("/v1/batches").json()["data"][0]["id"] == made["id"]
    sandbox.advance(days=2)
    done = key.get(f"/v1/batches/{made['id']}").json()
    assert done["status"] in ("completed", "failed", "expired")
    assert done[f"{done['status']}_at"] is not None
    assert key.post(f"/v1/batches/{made['id']}/cancel").status_code == 409


def test_a_batch_of_no_file_is_made_and_then_fails(sandbox: Sandbox, key: httpx.Client) -> None:
    body = {"input_file_id": "file-test123", "endpoint": "/v1/responses", "completion_window": "24h"}
    made = key.post("/v1/batches", json=body)
    assert made.status_code == 200
    sandbox.advance(hours=1)
    failed = key.get(f"/v1/batches/{made.json()['id']}").json()
    assert failed["status"] == "failed"
    assert "file-test123" in failed["errors"]["data"][0]["message"]


def test_a_batch_is_cancelled_by_and_by(sandbox: Sandbox, key: httpx.Client) -> None:
    file = key.get("/v1/files").json()["data"][0]["id"]
    body = {"input_file_id": file, "endpoint": "/v1/responses", "completion_window": "24h"}
    made = key.post("/v1/batches", json=body).json()["id"]
    assert key.post(f"/v1/batches/{made}/cancel").json()["status"] == "cancelling"
    sandbox.advance(hours=1)
    assert key.get(f"/v1/batches/{made}").json()["status"] == "cancelled"


@pytest.mark.parametrize(
    "change", [{"endpoint": "/v1/else"}, {"completion_window": "1h"}, {"input_file_id": None}, {"endpoint": 1}]
)
def test_a_wrong_batch_is_refused_by_the_member(key: httpx.Client, change: dict[str, Any]) -> None:
    body = {"input_file_id": "file-x", "endpoint": "/v1/responses", "completion_window": "24h", **change}
    reply = key.post("/v1/batches", json=body)
    assert reply.status_code == 400
    assert reply.json()["error"]["param"] == next(iter(change))


# Usage and costs


def test_days_are_the_sum_of_their_hours_and_hours_of_their_minutes(sandbox: Sandbox, admin: httpx.Client) -> None:
    end = int(sandbox.now().timestamp()) // DAY * DAY - 4 * DAY
    spans = {"1d": 1, "1h": 24, "1m": 1440}
    sums = {}
    for width, count in spans.items():
        found = buckets(admin, "usage/completions", start_time=end - DAY, end_time=end, bucket_width=width)
        assert len(found) == count
        sums[width] = sum(one["num_model_requests"] for bucket in found for one in bucket["results"])
    assert sums["1d"] == sums["1h"] == sums["1m"] > 0


def test_groups_split_the_same_use_and_filters_take_one(sandbox: Sandbox, admin: httpx.Client) -> None:
    start = int(sandbox.now().timestamp()) - 10 * DAY
    params: dict[str, Any] = {"start_time": start, "end_time": start + 3 * DAY}

    def requests(**more: Any) -> dict[tuple[Any, ...], int]:
        sums: dict[tuple[Any, ...], int] = {}
        for bucket in buckets(admin, "usage/completions", **params, **more):
            for one in bucket["results"]:
                group = (one["project_id"], one["model"])
                sums[group] = sums.get(group, 0) + one["num_model_requests"]
        return sums

    whole = requests()
    split = requests(**{"group_by[]": ["project_id", "model"]})
    assert set(whole) == {(None, None)}
    assert None not in {part for group in split for part in group}
    assert sum(split.values()) == whole[None, None]
    assert requests(group_by=["project_id", "model"]) == split
    project = next(iter(split))[0]
    only = requests(**{"project_ids[]": [project], "group_by[]": ["project_id", "model"]})
    assert only == {group: value for group, value in split.items() if group[0] == project}


def test_a_group_that_does_not_exist_is_refused(sandbox: Sandbox, admin: httpx.Client) -> None:
    params: dict[str, Any] = {"start_time": 1_788_000_000, "group_by[]": "line_item"}
    assert admin.get("/v1/organization/usage/completions", params=params).status_code == 400
    assert admin.get("/v1/organization/costs", params=params).status_code == 200


def test_idle_hours_have_no_results(sandbox: Sandbox, admin: httpx.Client) -> None:
    night = int(sandbox.now().timestamp()) // DAY * DAY - 5 * DAY
    found = buckets(admin, "usage/completions", start_time=night, end_time=night + DAY, bucket_width="1h")
    assert found[2]["results"] == []
    assert found[12]["results"]


def test_the_last_days_still_change_and_then_no_more(sandbox: Sandbox, admin: httpx.Client) -> None:
    day = int(sandbox.now().timestamp()) // DAY * DAY - DAY
    seen = []
    for _ in range(6):
        (bucket,) = buckets(admin, "usage/completions", start_time=day, end_time=day + DAY)
        seen.append(sum(one["input_tokens"] for one in bucket["results"]))
        sandbox.advance(days=1)
    assert seen == sorted(seen)
    assert len(set(seen[:3])) == 3
    assert len(set(seen[4:])) == 1


@pytest.mark.parametrize(("width", "default", "most"), [("1d", 7, 31), ("1h", 24, 168), ("1m", 60, 1440)])
def test_a_page_holds_as_many_buckets_as_its_width_allows(
    sandbox: Sandbox, admin: httpx.Client, width: str, default: int, most: int
) -> None:
    path, start = "/v1/organization/usage/embeddings", int(sandbox.now().timestamp()) - 60 * DAY
    params: dict[str, Any] = {"start_time": start, "bucket_width": width}
    page = admin.get(path, params=params).json()
    assert len(page["data"]) == default
    assert page["has_more"]
    assert page["next_page"]
    assert len(admin.get(path, params={**params, "limit": most}).json()["data"]) == most
    assert admin.get(path, params={**params, "limit": most + 1}).status_code == 400


def test_pages_of_buckets_join_without_a_gap_up_to_now(sandbox: Sandbox, admin: httpx.Client) -> None:
    now = int(sandbox.now().timestamp())
    found = buckets(admin, "costs", start_time=now - 20 * DAY, limit=3)
    assert all(one["end_time"] == two["start_time"] for one, two in pairwise(found))
    assert found[-1]["start_time"] <= now < found[-1]["end_time"]


def test_costs_are_by_day_in_dollars_and_by_line_with_a_quantity(sandbox: Sandbox, admin: httpx.Client) -> None:
    start = int(sandbox.now().timestamp()) - 5 * DAY
    plain = [one for bucket in buckets(admin, "costs", start_time=start) for one in bucket["results"]]
    lines = [
        one for bucket in buckets(admin, "costs", start_time=start, group_by="line_item") for one in bucket["results"]
    ]
    assert sum(one["amount"]["value"] for one in plain) == pytest.approx(sum(one["amount"]["value"] for one in lines))
    assert {one["line_item"] for one in plain} == {None}
    assert all(one["quantity"] > 0 and one["amount"]["currency"] == "usd" for one in lines)
    assert admin.get("/v1/organization/costs", params={"start_time": start, "bucket_width": "1h"}).status_code == 400
    assert admin.get("/v1/organization/costs").json()["error"]["param"] == "start_time"


# Keys, errors, headers


def test_each_kind_of_key_opens_its_own_doors(key: httpx.Client, admin: httpx.Client) -> None:
    for client, path in ((key, "/v1/organization/projects"), (admin, "/v1/models"), (key, "/v1/organization/costs")):
        reply = client.get(path)
        assert reply.status_code == 403
        assert "insufficient permissions" in reply.json()["error"]["message"]


def test_a_wrong_key_is_401_and_shown_masked(sandbox: Sandbox) -> None:
    wrong = client_of(sandbox, BASE, token="sk-proj-" + "w" * 40).get("/v1/models")
    none = client_of(sandbox, BASE).get("/v1/models")
    assert (wrong.status_code, none.status_code) == (401, 401)
    assert wrong.json()["error"]["code"] == "invalid_api_key"
    assert "w" * 10 not in wrong.text


def test_a_restricted_key_lacks_a_scope(sandbox: Sandbox, key: httpx.Client) -> None:
    sandbox.accepted.remove_scope("openai", "api.files.write")
    assert key.get("/v1/files").status_code == 200
    file = key.get("/v1/files").json()["data"][0]["id"]
    assert "api.files.write" in key.delete(f"/v1/files/{file}").json()["error"]["message"]


def test_429_means_wait_or_pay(sandbox: Sandbox, key: httpx.Client) -> None:
    sandbox.plan(Fault(kind="status", args={"status": 429}))
    spent = key.get("/v1/models")
    assert spent.json()["error"]["code"] == spent.json()["error"]["type"] == "insufficient_quota"
    assert "retry-after" not in spent.headers
    limited = key_of(make_sandbox("openai"), "api_key")
    replies = [limited.get("/v1/models") for _ in range(1001)]
    assert replies[-1].status_code == 429
    assert replies[-1].json()["error"]["code"] == "rate_limit_exceeded"
    assert int(replies[-1].headers["retry-after"]) >= 1


def test_replies_carry_a_request_id_and_lists_no_rate_limit(key: httpx.Client, admin: httpx.Client) -> None:
    reply = key.get("/v1/files")
    assert reply.headers["x-request-id"].startswith("req_")
    assert reply.headers["x-request-id"] != key.get("/v1/files").headers["x-request-id"]
    assert reply.headers["openai-version"] == "2020-10-01"
    assert not [name for name in reply.headers if name.startswith("x-ratelimit")]
    assert "openai-project" not in admin.get("/v1/organization/users").headers


def test_what_does_not_exist_is_404(key: httpx.Client, admin: httpx.Client) -> None:
    assert key.get("/v1/models/gpt-9").json()["error"]["code"] == "model_not_found"
    assert key.get("/v1/nothing").status_code == 404
    assert admin.get("/v1/organization/usage/nothing", params={"start_time": 1}).status_code == 404


def test_any_size_is_served() -> None:
    for scale in (1, 5000):
        sandbox = make_sandbox("openai", scale=scale, relaxed=True)
        assert key_of(sandbox, "api_key").get("/v1/files").json()["data"]
        start = int(sandbox.now().timestamp()) - 7 * DAY
        assert buckets(key_of(sandbox, "admin_key"), "usage/completions", start_time=start)


# Against the recordings


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("list-models", "/models"),
        ("files", "/files"),
        ("batches", "/batches"),
        ("fine-tuning-jobs", "/fine_tuning/jobs"),
        ("vector-stores", "/vector_stores"),
        ("get-model", "/models/gpt-4o-mini"),
    ],
)
def test_replies_have_the_recorded_shapes(key: httpx.Client, name: str, path: str) -> None:
    (theirs,) = recorded_bodies("openai", f"nango/{name}")
    assert differences(theirs, key.get(f"/v1{path}").json()) == []


def test_batches_files_and_jobs_have_the_recorded_shapes(sandbox: Sandbox, key: httpx.Client) -> None:
    body = {"input_file_id": "file-test123", "endpoint": "/v1/chat/completions", "completion_window": "24h"}
    made = key.post("/v1/batches", json=body).json()
    (created,) = recorded_bodies("openai", "nango/create-batch")
    assert differences(created, made) == []
    sandbox.advance(hours=1)
    (failed,) = recorded_bodies("openai", "nango/get-batch")
    assert differences(failed, key.get(f"/v1/batches/{made['id']}").json()) == []
    (file,) = recorded_bodies("openai", "nango/get-file")
    assert differences(file, key.get("/v1/files").json()["data"][0]) == []
    (job,) = recorded_bodies("openai", "nango/cancel-fine-tuning-job")
    # Internal members of the vendor, and settings that are a word or a number.
    internal = ("internal_worker_backend", "internal_peashooter_execution", "train_experiment_id", "eval_experiment_id")
    settings = [f"{where}hyperparameters" for where in ("", "method.supervised.")]
    ours = key.get("/v1/fine_tuning/jobs").json()["data"][0]
    assert differences(job, ours, optional=(*internal, *settings)) == []
