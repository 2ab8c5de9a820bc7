"""What the sandbox answers, against the vendors' own specifications; `judges.py` tells what is no complaint."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from sandbox.faults import Fault
from sandbox.platform import Call, Reply
from sandbox.samples import SAMPLES
from sandbox.sandbox import Sandbox
from sandbox.world import World
from sandbox.x_api import ALL_SCOPES
from tests.sandbox.rig import client_of, make_sandbox
from tests.sandbox.test_x import grant
from tests.shared import needs_shared
from tests.spec import openapi, stone
from tests.spec.judges import reply_complaints, request_complaints

pytestmark = needs_shared
JSON_TYPE = {"content-type": "application/json"}


@dataclass
class Asked:
    """One platform that is asked, and its reply as it came."""

    sandbox: Sandbox
    host: str
    token: str

    def __call__(self, method: str, path: str, params: Mapping[str, Any] | None = None, body: Any = None) -> Reply:
        pairs = [
            (name, str(one))
            for name, value in (params or {}).items()
            for one in (value if isinstance(value, list) else [value])
        ]
        headers = {"authorization": f"Bearer {self.token}", **(JSON_TYPE if body is not None else {})}
        packed = json.dumps(body).encode() if body is not None else b""
        return self.sandbox.handle(
            Call(method=method, host=self.host, path=path, params=tuple(pairs), headers=headers, body=packed)
        )


# X

POSTS = {
    "max_results": 100,
    "expansions": "author_id,referenced_tweets.id,attachments.media_keys,in_reply_to_user_id",
    "user.fields": "created_at,description,location,protected,public_metrics,url,verified,verified_type",
}
CLASSIC = {
    **POSTS,
    "tweet.fields": "attachments,author_id,conversation_id,created_at,edit_controls,entities,in_reply_to_user_id,lang,"
    "non_public_metrics,organic_metrics,possibly_sensitive,public_metrics,referenced_tweets,reply_settings",
}
RENAMED = {
    "max_results": 100,
    "expansions": "author_id,referenced_posts,attachments.media_keys",
    "post.fields": "attachments,conversation_id,created_at,edit_controls,entities,lang,public_metrics,reply_settings",
    "user.fields": "created_at,public_metrics,verified",
}
DMS = {"dm_event.fields": "created_at,dm_conversation_id,event_type,id,participant_ids,sender_id,text"}


@pytest.fixture
def x_app() -> Asked:
    return Asked(make_sandbox("x", relaxed=True), "api.x.com", SAMPLES["x"]["app_bearer"]["token"])


def x_user(app: Asked) -> Asked:
    return Asked(app.sandbox, app.host, grant(app.sandbox, *ALL_SCOPES)["access_token"])


def x_id(app: Asked) -> str:
    found = app("GET", f"/2/users/by/username/{SAMPLES['x']['app_bearer']['username']}")
    return str(json.loads(found.body)["data"]["id"])


def x_complaints(reply: Reply, method: str, path: str, version: str = "2.159") -> list[str]:
    return reply_complaints("x", Call(method=method, host="api.x.com", path=path), reply, version)


@pytest.mark.parametrize("days", [0, 12])
def test_reads_of_x_are_as_specified(x_app: Asked, days: int) -> None:
    x_app.sandbox.advance(days=days)
    user, me = x_user(x_app), x_id(x_app)
    for asked, path, params in (
        (user, "/2/users/me", {"user.fields": POSTS["user.fields"], "expansions": "pinned_tweet_id"}),
        (x_app, f"/2/users/{me}", {"user.fields": "pinned_tweet_id,profile_image_url"}),
        (x_app, "/2/users/by/username/nobody", {}),
        (x_app, f"/2/users/{me}/tweets", CLASSIC),
        (user, f"/2/users/{me}/tweets", {**CLASSIC, "exclude": "replies"}),
        (x_app, f"/2/users/{me}/mentions", CLASSIC),
        (x_app, f"/2/users/{me}/followers", {"max_results": 1000, "user.fields": POSTS["user.fields"]}),
        (x_app, "/2/tweets", {"ids": "1,2"}),
        (x_app, "/2/tweets/1", {}),
        (x_app, "/2/tweets/search/recent", {"query": "sandbox_labs", "tweet.fields": "conversation_id"}),
        (user, "/2/dm_events", {**DMS, "expansions": "sender_id"}),
        (x_app, "/2/usage/tweets", {"usage.fields": "daily_project_usage,daily_client_app_usage"}),
    ):
        reply = asked("GET", path, params)
        assert reply.status == 200, reply.body
        assert x_complaints(reply, "GET", path) == []
        assert openapi.x("2.159").check_request("GET", path, [(k, str(v)) for k, v in params.items()]) == []


def test_reads_of_x_with_the_renamed_fields_are_as_the_newer_document_says(x_app: Asked) -> None:
    me = x_id(x_app)
    for path in (f"/2/users/{me}/tweets", f"/2/users/{me}/mentions"):
        reply = x_app("GET", path, RENAMED)
        assert reply.status == 200
        assert x_complaints(reply, "GET", path, "2.167") == []
    found = x_app("GET", f"/2/users/{me}", {"post.fields": "created_at", "user.fields": "public_metrics"})
    assert x_complaints(found, "GET", f"/2/users/{me}", "2.167") == []


def test_writes_of_x_are_as_specified(x_app: Asked) -> None:
    user = x_user(x_app)
    made = user("POST", "/2/tweets", body={"text": "Hello"})
    assert x_complaints(made, "POST", "/2/tweets") == []
    path = f"/2/tweets/{json.loads(made.body)['data']['id']}"
    assert x_complaints(user("DELETE", path), "DELETE", path) == []
    mentions = json.loads(user("GET", f"/2/users/{x_id(x_app)}/mentions", {**CLASSIC}).body)["data"]
    reply = next(one["id"] for one in mentions if one.get("referenced_tweets"))
    hidden = user("PUT", f"/2/tweets/{reply}/hidden", body={"hidden": True})
    assert x_complaints(hidden, "PUT", f"/2/tweets/{reply}/hidden") == []


def test_refusals_of_x_are_problems_as_specified(x_app: Asked) -> None:
    me = x_id(x_app)
    path = f"/2/users/{me}/tweets"
    wrong = Asked(x_app.sandbox, x_app.host, "unknown")
    replies = [wrong("GET", path), x_app("GET", path, {"max_results": 1}), x_app("GET", "/2/users/me")]
    faults = [Fault(kind="rate_limited"), *(Fault(kind="status", args={"status": one}) for one in (402, 429, 503))]
    for fault in (*faults, Fault(kind="stale_cursor")):
        x_app.sandbox.plan(fault)
        replies.append(x_app("GET", path))
    assert [reply.status for reply in replies] == [401, 400, 403, 429, 402, 429, 503, 400]
    assert [one for reply in replies for one in x_complaints(reply, "GET", path)] == []


# OpenAI


@pytest.fixture
def openai_key() -> Asked:
    return Asked(make_sandbox("openai", relaxed=True), "api.openai.com", SAMPLES["openai"]["api_key"]["token"])


@pytest.fixture
def openai_admin() -> Asked:
    return Asked(make_sandbox("openai", relaxed=True), "api.openai.com", SAMPLES["openai"]["admin_key"]["token"])


def openai_complaints(reply: Reply, method: str, path: str) -> list[str]:
    assert reply.status == 200, reply.body
    return reply_complaints("openai", Call(method=method, host="api.openai.com", path=path), reply)


@pytest.mark.parametrize("days", [0, 30])
def test_lists_of_openai_are_as_specified(openai_key: Asked, days: int) -> None:
    openai_key.sandbox.advance(days=days)
    for path in ("/models", "/models/gpt-5", "/files", "/batches", "/fine_tuning/jobs", "/vector_stores"):
        assert openai_complaints(openai_key("GET", f"/v1{path}"), "GET", f"/v1{path}") == []


def test_writes_of_openai_are_as_specified(openai_key: Asked) -> None:
    with client_of(openai_key.sandbox, "https://api.openai.com", token=openai_key.token) as client:
        answer = client.post("/v1/files", files={"file": ("x.jsonl", b"{}")}, data={"purpose": "batch"})
    uploaded = Reply(headers=dict(answer.headers), body=answer.content)
    assert openai_complaints(uploaded, "POST", "/v1/files") == []
    file = json.loads(uploaded.body)["id"]
    body = {"input_file_id": file, "endpoint": "/v1/responses", "completion_window": "24h"}
    document = openapi.openai()
    assert document.check_request("POST", "/v1/batches", [], json.dumps(body).encode(), "application/json") == []
    made = openai_key("POST", "/v1/batches", body=body)
    assert openai_complaints(made, "POST", "/v1/batches") == []
    batch = f"/v1/batches/{json.loads(made.body)['id']}"
    for method, path in (
        ("GET", batch),
        ("POST", f"{batch}/cancel"),
        ("GET", f"/v1/files/{file}"),
        ("DELETE", f"/v1/files/{file}"),
    ):
        assert openai_complaints(openai_key(method, path), method, path) == []


def test_the_organization_of_openai_is_as_specified(openai_admin: Asked) -> None:
    start = {"start_time": int(openai_admin.sandbox.now().timestamp()) - 40 * 86_400}
    document = openapi.openai()
    usage = [path for path in document.paths if path.startswith("/organization/usage/")]
    assert len(usage) == 10
    for path in usage:
        operation = document.operation_for("GET", f"/v1{path}")
        assert operation is not None
        groups = next(
            one["schema"]["items"]["enum"] for one in operation.told["parameters"] if one["name"] == "group_by"
        )
        for params in ({**start, "limit": 2}, {**start, "group_by": groups, "limit": 1}):
            reply = openai_admin("GET", f"/v1{path}", params)
            assert openai_complaints(reply, "GET", f"/v1{path}") == []
            assert any(bucket["results"] for bucket in json.loads(reply.body)["data"])
    for path, params in (
        ("/organization/costs", {**start, "group_by[]": ["project_id", "line_item", "api_key_id"], "limit": 3}),
        ("/organization/projects", {"include_archived": "true"}),
        ("/organization/users", {"limit": 100}),
        ("/organization/admin_api_keys", {"order": "desc"}),
    ):
        assert openai_complaints(openai_admin("GET", f"/v1{path}", params), "GET", f"/v1{path}") == []


def test_refusals_of_openai_are_errors_as_specified(openai_key: Asked) -> None:
    """The document declares no status but 200: what is judged is the body."""
    wrong = Asked(openai_key.sandbox, openai_key.host, "unknown")
    replies = [
        wrong("GET", "/v1/models"),
        openai_key("GET", "/v1/organization/projects"),
        openai_key("GET", "/v1/files", {"limit": 0}),
        openai_key("GET", "/v1/files/file-none"),
        openai_key("GET", "/v1/nothing"),
    ]
    for fault in (Fault(kind="rate_limited"), *(Fault(kind="status", args={"status": one}) for one in (429, 500, 503))):
        openai_key.sandbox.plan(fault)
        replies.append(openai_key("GET", "/v1/models"))
    assert [reply.status for reply in replies] == [401, 403, 400, 404, 404, 429, 429, 500, 503]
    schema = {"$ref": "#/components/schemas/ErrorResponse"}
    assert [one for reply in replies for one in openapi.openai().complaints(schema, json.loads(reply.body))] == []


# Dropbox


class Judged:
    """A Dropbox whose every call and reply is judged as it passes."""

    def __init__(self) -> None:
        self.sandbox = Sandbox(World(scale=60), platforms=["dropbox"])
        self.complaints: list[str] = []
        self.statuses: list[int] = []

    def __call__(
        self, path: str, argument: Any = None, *, host: str = "api", content: bytes | None = None, token: str = ""
    ) -> Any:
        packed = json.dumps(argument)
        headers = {"authorization": f"Bearer {token or SAMPLES['dropbox']['access_token']['token']}", **JSON_TYPE}
        if content is not None:
            headers |= {"content-type": "application/octet-stream", "dropbox-api-arg": packed}
        if host == "notify":
            del headers["authorization"]
        body = packed.encode() if content is None else content
        call = Call(method="POST", host=stone.HOSTS[host], path=f"/2/{path}", headers=headers, body=body)
        self.complaints += request_complaints("dropbox", call)
        reply = self.sandbox.handle(call)
        self.complaints += reply_complaints("dropbox", call, reply)
        self.statuses.append(reply.status)
        return json.loads(reply.body) if reply.headers.get("content-type") == "application/json" else None


@pytest.fixture
def dropbox() -> Judged:
    return Judged()


def test_reads_of_dropbox_are_as_specified(dropbox: Judged) -> None:
    dropbox("users/get_current_account")
    dropbox("users/get_space_usage")
    dropbox("check/user", {"query": "foo"})
    page = dropbox("files/list_folder", {"path": "", "recursive": True, "include_deleted": True, "limit": 50})
    while page["has_more"]:
        page = dropbox("files/list_folder/continue", {"cursor": page["cursor"]})
    dropbox.sandbox.advance(days=15)
    page = dropbox("files/list_folder/continue", {"cursor": page["cursor"]})
    kinds = {entry[".tag"] for entry in page["entries"]}
    file = next(entry for entry in page["entries"] if entry[".tag"] == "file")
    dropbox("files/list_folder/get_latest_cursor", {"path": "/finance"})
    dropbox("files/list_folder/longpoll", {"cursor": page["cursor"]}, host="notify")
    dropbox("files/get_metadata", {"path": f"rev:{file['rev']}"})
    dropbox("files/list_revisions", {"path": file["path_lower"], "mode": {".tag": "id"}, "limit": 100})
    assert kinds == {"file", "folder", "deleted"}
    assert set(dropbox.statuses) == {200}
    assert dropbox.complaints == []


def test_writes_and_conflicts_of_dropbox_are_as_specified(dropbox: Judged) -> None:
    for content in (b"one", b"two"):
        dropbox(
            "files/upload",
            {"path": "/größe.txt", "mode": "add", "strict_conflict": True},
            host="content",
            content=content,
        )
    wrong = {".tag": "update", "update": "0" * 31}
    dropbox("files/upload", {"path": "/größe.txt", "mode": wrong, "autorename": True}, host="content", content=b"three")
    dropbox("files/upload", {"path": "/x.txt", "content_hash": "0" * 64}, host="content", content=b"x")
    for path, argument in (
        ("create_folder_v2", {"path": "/New"}),
        ("create_folder_v2", {"path": "/New", "autorename": False}),
        ("create_folder_v2", {"path": "/größe.txt/inner"}),
        ("move_v2", {"from_path": "/New", "to_path": "/New/inner"}),
        ("move_v2", {"from_path": "/New", "to_path": "/New"}),
        ("move_v2", {"from_path": "/New", "to_path": "/Finance"}),
        ("move_v2", {"from_path": "/Finance", "to_path": "/Money"}),
        ("move_v2", {"from_path": "/Nowhere", "to_path": "/x"}),
        ("delete_v2", {"path": "/Money"}),
        ("delete_v2", {"path": "/Money"}),
        ("delete_v2", {"path": "/größe.txt", "parent_rev": "0" * 31}),
        ("list_revisions", {"path": "/New"}),
        ("list_revisions", {"path": "/größe.txt", "before_rev": "0" * 31}),
        ("list_folder", {"path": "/größe.txt"}),
        ("get_metadata", {"path": "/money", "include_deleted": True}),
    ):
        dropbox(f"files/{path}", argument)
    assert dropbox.statuses.count(409) == 13
    assert dropbox.complaints == []


def test_refusals_of_dropbox_are_as_specified(dropbox: Judged) -> None:
    argument = {"path": ""}
    for fault in ("rate_limited", "rate_limited", "stale_cursor", "status"):
        dropbox.sandbox.plan(Fault(kind=fault, args={"retry_after": 1}))
        path = "files/list_folder/continue" if fault == "stale_cursor" else "files/list_folder"
        dropbox(path, {"cursor": "x"} if fault == "stale_cursor" else argument)
    dropbox("files/list_folder", argument, token="unknown")
    dropbox.sandbox.accepted.remove_scope("dropbox", "files.metadata.read")
    dropbox("files/list_folder", argument)
    assert dropbox.statuses == [429, 429, 409, 503, 401, 401]
    assert dropbox.complaints == []


# The judges themselves


def test_the_judges_notice_what_is_wrong(x_app: Asked, openai_key: Asked) -> None:
    timeline = f"/2/users/{x_id(x_app)}/tweets"
    empty = Reply(headers={"content-type": "application/json"}, body=b'{"data":[{"id":5}],"meta":{"count":0}}')
    assert len(x_complaints(empty, "GET", timeline)) >= 2
    assert openapi.x("2.159").check_request("GET", timeline, [("max_results", "1000"), ("limit", "5")])
    assert openapi.openai().check_request("GET", "/v1/organization/costs", [("bucket_width", "1h")])
    assert openapi.openai().check_request("GET", "/v1/nothing", [])
    assert openai_complaints(Reply(headers=JSON_TYPE, body=b'{"object":"list","data":[{}]}'), "GET", "/v1/models")
    document = stone.dropbox()
    headers = {"authorization": "x", **JSON_TYPE}
    for body in (b"{}", b'{"path":"x"}', b'{"path":"","limit":2001}', b'{"path":"","deep":true}', b"null"):
        assert document.check_request(stone.HOSTS["api"], "/2/files/list_folder", headers, body)
    assert document.check_request(stone.HOSTS["content"], "/2/files/list_folder", headers, b'{"path":""}')
    route = document.operation_for("/2/files/list_folder")
    assert document.check_reply(route, 200, JSON_TYPE, b'{"entries":[{".tag":"file","name":"x"}],"cursor":"c"}')
    summary = b'{"error_summary":"other/..","error":{".tag":"path","path":{".tag":"not_found"}}}'
    assert document.check_reply(route, 409, JSON_TYPE, summary)
