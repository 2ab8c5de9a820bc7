"""Dropbox: one cursor for ever, entries in order, errors behind one status, the root of a team."""

from __future__ import annotations

import json
from typing import Any

import pytest

from connectors.dropbox import CONNECTOR
from connectors.dropbox.streams import ENTRIES, REVISIONS, SHARED_FOLDERS, SHARED_LINKS, SPACE_USAGE
from connectors.sdk.driver import walk
from core.classify import Disposition, classify
from core.errors import BadReply, CredentialMalformed
from core.http import Request, Response
from core.model import Context, Deletion
from tests.columns import rows
from tests.connectors.replies import CONTEXT, NOW, meant, reply

LISTING = Request(method="POST", path="/2/files/list_folder")
CHANGES = Request(method="POST", path="/2/files/list_folder/continue")


def file(path: str, **members: Any) -> dict[str, Any]:
    name = path.rpartition("/")[2]
    return {
        ".tag": "file",
        "name": name,
        "path_lower": path.lower(),
        "path_display": path,
        "id": f"id:{name}",
        "client_modified": "2026-05-01T10:00:00Z",
        "server_modified": "2026-05-01T10:00:01Z",
        "rev": "0123456789abcdef",
        "size": 7,
        "is_downloadable": True,
        "content_hash": "0" * 64,
        **members,
    }


def folder(path: str) -> dict[str, Any]:
    name = path.rpartition("/")[2]
    return {".tag": "folder", "name": name, "path_lower": path.lower(), "path_display": path, "id": f"id:{name}"}


def deleted(path: str) -> dict[str, Any]:
    return {".tag": "deleted", "name": path.rpartition("/")[2], "path_lower": path.lower(), "path_display": path}


def entries(*found: dict[str, Any], cursor: str = "c", more: bool = False) -> Response:
    return reply({"entries": list(found), "cursor": cursor, "has_more": more})


def test_a_deleted_folder_takes_its_subtree_along() -> None:
    page = ENTRIES.parse(CHANGES, entries(deleted("/Team/Old")), {"cursor": "b"}, CONTEXT)
    assert page.deleted == [Deletion(match={"path_lower": "/team/old"}, subtree=True)]
    assert page.records == []


def test_entries_are_applied_in_the_order_told() -> None:
    told = entries(folder("/a"), deleted("/b"), folder("/c"), folder("/d"), deleted("/a"))
    page = ENTRIES.parse(CHANGES, told, {"cursor": "b"}, CONTEXT)
    assert [json.loads(one)["path_lower"] for one in page.records] == ["/a", "/c", "/d"]
    assert [one.match["path_lower"] for one in page.deleted] == ["/b", "/a"]
    assert page.deleted_at == [1, 3]


def test_a_changed_file_takes_the_place_of_a_folder_and_all_that_was_in_it() -> None:
    page = ENTRIES.parse(CHANGES, entries(folder("/x"), file("/Notes")), {"cursor": "b"}, CONTEXT)
    assert page.deleted == [Deletion(match={"path_lower": "/notes"}, subtree=True)]
    assert page.deleted_at == [1]


def test_a_first_listing_replaces_nothing() -> None:
    page = ENTRIES.parse(LISTING, entries(file("/a"), more=True), {}, CONTEXT)
    assert page.deleted == []
    later = ENTRIES.parse(CHANGES, entries(file("/b"), deleted("/a")), page.state, CONTEXT)
    assert [one.match["path_lower"] for one in later.deleted] == ["/a"]


def test_the_cursor_of_the_listing_is_that_of_the_changes() -> None:
    replies = iter([entries(file("/a"), cursor="1", more=True), entries(cursor="2"), entries(cursor="3")])
    asked: list[Request] = []

    def send(request: Request) -> Response:
        asked.append(request)
        return next(replies)

    *_, last = walk(ENTRIES, send, {}, CONTEXT)
    assert last.page.state == {"cursor": "2"}
    list(walk(ENTRIES, send, last.page.state, CONTEXT))
    assert [one.path for one in asked] == [LISTING.path, CHANGES.path, CHANGES.path]
    assert [one.json for one in asked[1:]] == [{"cursor": "1"}, {"cursor": "2"}]


def test_the_listing_is_of_everything_that_lives() -> None:
    assert ENTRIES.request({}, CONTEXT).json == {
        "path": "",
        "recursive": True,
        "include_deleted": False,
        "include_mounted_folders": True,
        "include_non_downloadable_files": True,
        "limit": 2000,
    }
    assert ENTRIES.sweep


def test_a_cursor_that_is_no_longer_known_begins_the_listing_again() -> None:
    assert meant(CONNECTOR, 409, {"error_summary": "reset/..", "error": {".tag": "reset"}}) is Disposition.RESET_STATE


def test_columns_of_files_and_folders() -> None:
    page = ENTRIES.parse(LISTING, entries(file("/Team/A b.TXT"), folder("/Team")), {}, CONTEXT)
    one, other = rows(ENTRIES.columns, page.records)
    assert (one["kind"], one["size"], one["path_lower"], one["path_display"]) == (
        "file",
        7,
        "/team/a b.txt",
        "/Team/A b.TXT",
    )
    assert (other["kind"], other["size"], other["rev"]) == ("folder", None, None)


def test_a_revision_is_a_file_as_the_feed_told_it_and_outlives_the_file() -> None:
    told = entries(file("/a", rev="2"), folder("/b"), deleted("/c"))
    page = REVISIONS.parse(CHANGES, told, {"cursor": "b"}, CONTEXT)
    assert [(row["id"], row["rev"]) for row in rows(REVISIONS.columns, page.records)] == [("id:a", "2")]
    assert page.deleted == []
    assert not REVISIONS.sweep


def test_the_two_feeds_never_ask_the_same_at_the_same_time() -> None:
    assert ENTRIES.request({}, CONTEXT).fingerprint() != REVISIONS.request({}, CONTEXT).fingerprint()


def test_shared_links_go_on_while_there_are_more_even_though_the_last_page_has_a_cursor() -> None:
    link = {"url": "https://www.dropbox.com/scl/fi/1", "name": "a", ".tag": "file"}
    first = SHARED_LINKS.request({}, CONTEXT)
    assert first.json == {}
    page = SHARED_LINKS.parse(first, reply({"links": [link], "has_more": True, "cursor": "c"}), {}, CONTEXT)
    assert page.next is not None
    assert (page.next.path, page.next.json) == (first.path, {"cursor": "c"})
    last = SHARED_LINKS.parse(page.next, reply({"links": [], "has_more": False, "cursor": "d"}), page.state, CONTEXT)
    assert (last.next, dict(last.state)) == (None, {})
    with pytest.raises(BadReply):
        SHARED_LINKS.parse(first, reply({"links": [link], "has_more": True}), {}, CONTEXT)


def test_more_shared_folders_are_another_call() -> None:
    first = SHARED_FOLDERS.request({}, CONTEXT)
    page = SHARED_FOLDERS.parse(first, reply({"entries": [], "cursor": "c"}), {}, CONTEXT)
    assert page.next is not None
    assert (page.next.path, page.next.json) == ("/2/sharing/list_folders/continue", {"cursor": "c"})
    assert SHARED_FOLDERS.parse(page.next, reply({"entries": []}), page.state, CONTEXT).next is None


@pytest.mark.parametrize(
    ("settings", "root"),
    [
        ({}, None),
        ({"root_namespace_id": "7", "home_namespace_id": "7"}, None),
        ({"root_namespace_id": "7", "home_namespace_id": "8"}, {".tag": "root", "root": "7"}),
    ],
)
def test_a_team_space_is_named_in_a_header(settings: dict[str, Any], root: Any) -> None:
    context = Context(now=NOW, settings=settings)
    for state in ({}, {"cursor": "c"}):
        header = ENTRIES.request(state, context).headers.get("Dropbox-API-Path-Root")
        assert (json.loads(header) if header else None) == root


def test_routes_without_arguments_have_neither_body_nor_content_type() -> None:
    for request in (CONNECTOR.probe("oauth2", {}), SPACE_USAGE.request({}, CONTEXT)):
        assert request.method == "POST"
        assert (request.json, request.form, request.content, dict(request.headers)) == (None, None, None, {})


@pytest.mark.parametrize(
    ("allocation", "allocated", "team_used"),
    [
        ({".tag": "individual", "allocated": 10}, 10, None),
        ({".tag": "team", "used": 5, "allocated": 30, "user_within_team_space_allocated": 0}, 30, 5),
    ],
)
def test_room_is_told_for_a_person_and_for_a_team(
    allocation: dict[str, Any], allocated: int, team_used: int | None
) -> None:
    page = SPACE_USAGE.parse(
        SPACE_USAGE.request({}, CONTEXT), reply({"used": 3, "allocation": allocation}), {}, CONTEXT
    )
    (row,) = rows(SPACE_USAGE.columns, page.records)
    assert (row["used"], row["allocated"], row["team_used"]) == (3, allocated, team_used)


def test_the_account_tells_its_roots() -> None:
    told = {"account_id": "dbid:1", "email": "a@b.example", "root_info": {"root_namespace_id": "1"}}
    found = CONNECTOR.discover(reply(told))
    assert (found["account"], found["root_namespace_id"]) == ("a@b.example", "1")


def auth(tag: str, **more: str) -> dict[str, Any]:
    return {"error_summary": f"{tag}/..", "error": {".tag": tag, **more}}


def path_error(*tags: str) -> dict[str, Any]:
    return {"error_summary": f"path/{'/'.join(tags)}/.", "error": {".tag": "path", "path": {".tag": tags[0]}}}


@pytest.mark.parametrize(
    ("status", "body", "disposition"),
    [
        (400, 'Error in call to API function "files/list_folder": Bad JSON', Disposition.FAIL),
        (400, {"error": "invalid_grant", "error_description": "revoked"}, Disposition.CREDENTIAL_REJECTED),
        (401, auth("expired_access_token"), Disposition.REFRESH_TOKEN),
        (401, auth("invalid_access_token"), Disposition.CREDENTIAL_REJECTED),
        (401, auth("user_suspended"), Disposition.CREDENTIAL_REJECTED),
        (401, auth("invalid_select_user"), Disposition.CREDENTIAL_REJECTED),
        (401, auth("invalid_select_admin"), Disposition.CREDENTIAL_REJECTED),
        (401, auth("route_access_denied"), Disposition.SCOPE_MISSING),
        (401, auth("missing_scope", required_scope="files.metadata.read"), Disposition.SCOPE_MISSING),
        (403, auth("invalid_account_type"), Disposition.SCOPE_MISSING),
        (403, auth("no_permission"), Disposition.SCOPE_MISSING),
        (403, auth("paper_access_denied"), Disposition.SCOPE_MISSING),
        (403, auth("team_access_denied"), Disposition.SCOPE_MISSING),
        (409, path_error("not_found"), Disposition.FAIL),
        (409, path_error("conflict", "file"), Disposition.FAIL),
        (409, auth("from_lookup/not_found"), Disposition.FAIL),
        (409, path_error("locked"), Disposition.FAIL),
        (409, auth("email_not_verified"), Disposition.FAIL),
        (409, path_error("no_write_permission"), Disposition.SCOPE_MISSING),
        (409, path_error("insufficient_space"), Disposition.QUOTA_EXHAUSTED),
        (409, auth("insufficient_quota"), Disposition.QUOTA_EXHAUSTED),
        (409, auth("invalid_cursor"), Disposition.RESET_STATE),
        (409, path_error("too_many_write_operations"), Disposition.RATE_LIMITED),
        (409, auth("reset"), Disposition.RESET_STATE),
        (422, auth("invalid_root"), Disposition.FAIL),
        (429, {"error": {"reason": {".tag": "too_many_requests"}, "retry_after": 1}}, Disposition.RATE_LIMITED),
        (429, "too_many_requests/...", Disposition.RATE_LIMITED),
        (500, "Internal Server Error", Disposition.RETRY),
        (503, "", Disposition.RETRY),
    ],
)
def test_errors_mean_what_the_vendor_says(status: int, body: Any, disposition: Disposition) -> None:
    assert meant(CONNECTOR, status, body) is disposition


@pytest.mark.parametrize("token", [f"sl.{'a' * 130}", f"sl.u.{'A-_' * 50}", f"{'a' * 11}AAAAAAAAAA{'b' * 43}"])
def test_tokens_of_every_age_are_taken(token: str) -> None:
    (field,) = CONNECTOR.method("access_token").fields
    assert field.check(f" {token}\n") == token


@pytest.mark.parametrize("token", ["sl.short", "sl." + "a b" * 50, "Bearer sl." + "a" * 130, ""])
def test_what_is_no_token_is_refused_before_any_call(token: str) -> None:
    (field,) = CONNECTOR.method("access_token").fields
    with pytest.raises(CredentialMalformed):
        field.check(token)


@pytest.mark.parametrize(
    ("status", "body", "sentence"),
    [
        (401, auth("missing_scope"), "Tick the scope"),
        (401, auth("user_suspended"), "suspended"),
        (401, auth("invalid_select_user"), "whole team"),
        (401, auth("route_access_denied"), "ask Dropbox"),
        (403, auth("invalid_account_type"), "another plan"),
        (403, auth("team_access_denied"), "administrator"),
        (409, path_error("not_found"), "gone"),
        (409, path_error("conflict", "file"), "before writing"),
        (409, path_error("locked"), "unlocked"),
        (409, path_error("insufficient_space"), "Make room"),
        (409, auth("email_not_verified"), "verify"),
        (409, path_error("no_write_permission"), "right to edit"),
        (422, auth("invalid_root"), "integrations check"),
    ],
)
def test_each_refusal_tells_what_to_do(status: int, body: Any, sentence: str) -> None:
    rule = classify(reply(body, status), CONNECTOR.errors).rule
    assert rule is not None
    assert sentence in rule.advice
