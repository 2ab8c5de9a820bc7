"""The simulated Dropbox: a client that applies what the cursors tell ends with what a listing shows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.dropbox.writes import content_hash
from sandbox.faults import Fault
from sandbox.platform import Call, Reply
from sandbox.samples import SAMPLES
from sandbox.sandbox import Sandbox
from sandbox.world import World
from tests.shared import recorded_bodies

API, CONTENT, NOTIFY = "api.dropboxapi.com", "content.dropboxapi.com", "notify.dropboxapi.com"
JSON_TYPE = {"content-type": "application/json"}


class Dropbox:
    """A client of the sandbox with the sample token."""

    def __init__(self, **options: Any) -> None:
        self.sandbox = Sandbox(options.pop("world", None) or World(), platforms=["dropbox"], **options)
        self.token = SAMPLES["dropbox"]["access_token"]["token"]

    def call(self, path: str, body: bytes, headers: Mapping[str, str], host: str = API) -> Reply:
        given = {"authorization": f"Bearer {self.token}"} if self.token else {}
        return self.sandbox.handle(
            Call(method="POST", host=host, path=f"/2/{path}", headers={**given, **headers}, body=body)
        )

    def ask(self, route: str, /, **argument: Any) -> Any:
        reply = self.call(route, json.dumps(argument).encode(), JSON_TYPE)
        assert reply.status == 200, reply.body
        return json.loads(reply.body)

    def refused(self, route: str, /, status: int = 409, **argument: Any) -> Any:
        reply = self.call(route, json.dumps(argument).encode(), JSON_TYPE)
        assert reply.status == status, reply.body
        return json.loads(reply.body)

    def upload(self, content: bytes, **argument: Any) -> Reply:
        headers = {"content-type": "application/octet-stream", "dropbox-api-arg": json.dumps(argument)}
        return self.call("files/upload", content, headers, host=CONTENT)

    def uploaded(self, content: bytes, **argument: Any) -> dict[str, Any]:
        reply = self.upload(content, **argument)
        assert reply.status == 200, reply.body
        return dict(json.loads(reply.body))

    def pages(self, route: str = "files/list_folder", /, **argument: Any) -> Iterator[dict[str, Any]]:
        page = self.ask(route, **argument)
        yield page
        while page["has_more"]:
            page = self.ask("files/list_folder/continue", cursor=page["cursor"])
            yield page

    def listed(self, **argument: Any) -> dict[str, dict[str, Any]]:
        """Every entry by path."""
        pages = self.pages(**{"path": "", "recursive": True, **argument})
        return {entry["path_lower"]: entry for page in pages for entry in page["entries"]}


@pytest.fixture
def dropbox() -> Dropbox:
    return Dropbox()


def keep_up(dropbox: Dropbox, state: dict[str, dict[str, Any]], cursor: str) -> str:
    """Reads on from a cursor to its end, and gives the cursor for the next time."""
    for page in dropbox.pages("files/list_folder/continue", cursor=cursor):
        apply(state, page["entries"])
        cursor = page["cursor"]
    return cursor


def apply(state: dict[str, dict[str, Any]], entries: list[dict[str, Any]]) -> None:
    """files.stone, list_folder: how a client keeps its copy."""
    for entry in entries:
        path = entry["path_lower"]
        if entry[".tag"] in ("deleted", "file"):
            for gone in [one for one in state if one == path or one.startswith(f"{path}/")]:
                del state[gone]
        if entry[".tag"] != "deleted":
            state[path] = entry


# Listings and cursors


def test_a_listing_in_small_pages_tells_every_entry_once(dropbox: Dropbox) -> None:
    pages = list(dropbox.pages(path="", recursive=True, limit=7))
    paths = [entry["path_lower"] for page in pages for entry in page["entries"]]
    assert len(paths) == len(set(paths)) > 500
    assert all(len(page["entries"]) <= 7 for page in pages)
    assert {entry[".tag"] for page in pages for entry in page["entries"]} == {"file", "folder"}


def test_a_copy_kept_by_continue_is_what_a_fresh_listing_shows_after_weeks(dropbox: Dropbox) -> None:
    state: dict[str, dict[str, Any]] = {}
    page = dropbox.ask("files/list_folder", path="", recursive=True, limit=2000)
    apply(state, page["entries"])
    cursor = page["cursor"]
    for day in range(20):
        dropbox.sandbox.advance(days=1)
        if day == 3:
            dropbox.ask("files/move_v2", from_path="/Finance", to_path="/Archive/Money")
        if day == 5:
            dropbox.ask("files/delete_v2", path="/Marketing")
        if day == 6:
            dropbox.uploaded(b"again", path="/Marketing/plan.txt")
        cursor = keep_up(dropbox, state, cursor)
    assert state == dropbox.listed()


PATHS = ("/a", "/a/b", "/a/b/c", "/d", "/d/e", "/Finance", "/Marketing", "/Finance/a")
STORIES = st.lists(
    st.one_of(
        st.tuples(st.just("upload"), st.sampled_from(PATHS), st.binary(min_size=1, max_size=1)),
        st.tuples(st.just("files/create_folder_v2"), st.sampled_from(PATHS), st.just(b"")),
        st.tuples(st.just("files/delete_v2"), st.sampled_from(PATHS), st.just(b"")),
        st.tuples(st.just("files/move_v2"), st.sampled_from(PATHS), st.sampled_from(PATHS)),
        st.tuples(st.just("wait"), st.floats(0.1, 8), st.just(b"")),
        st.tuples(st.just("read"), st.sampled_from((1, 5)), st.just(b"")),
    ),
    max_size=14,
)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(story=STORIES, limit=st.sampled_from((1, 3, 2000)))
def test_whatever_happens_the_cursor_tells_it_all(story: list[tuple[str, Any, Any]], limit: int) -> None:
    dropbox = Dropbox(world=World(scale=2), relaxed=True)
    state: dict[str, dict[str, Any]] = {}
    page = dropbox.ask("files/list_folder", path="", recursive=True, limit=limit)
    apply(state, page["entries"])
    cursor = page["cursor"]
    for what, where, more in story:
        if what == "upload":
            dropbox.upload(more, path=where, mode="overwrite")
        elif what == "wait":
            dropbox.sandbox.advance(days=where)
        elif what == "read":
            page = dropbox.ask("files/list_folder/continue", cursor=cursor)
            apply(state, page["entries"])
            cursor = page["cursor"]
        elif what == "files/move_v2":
            dropbox.call(what, json.dumps({"from_path": where, "to_path": more}).encode(), JSON_TYPE)
        else:
            dropbox.call(what, json.dumps({"path": where}).encode(), JSON_TYPE)
    keep_up(dropbox, state, keep_up(dropbox, state, cursor))
    assert state == dropbox.listed()


def test_a_deletion_is_told_by_path_without_an_id_and_a_folder_as_one_entry(dropbox: Dropbox) -> None:
    inside = [path for path in dropbox.listed() if path.startswith("/marketing/")]
    cursor = dropbox.ask("files/list_folder/get_latest_cursor", path="", recursive=True)["cursor"]
    dropbox.ask("files/delete_v2", path="/Marketing")
    told = dropbox.ask("files/list_folder/continue", cursor=cursor)["entries"]
    assert told == [{".tag": "deleted", "name": "Marketing", "path_lower": "/marketing", "path_display": "/Marketing"}]
    assert inside
    assert not [path for path in dropbox.listed() if path.startswith("/marketing")]


def test_every_week_a_sprint_folder_goes_with_all_that_is_in_it(dropbox: Dropbox) -> None:
    dropbox.sandbox.advance(days=7)
    before = {path for path in dropbox.listed() if path.startswith("/sprint 2/")}
    dropbox.sandbox.advance(days=7)
    after = dropbox.listed()
    assert before
    assert not before & set(after)
    assert "/sprint 4" in after


def test_a_cursor_that_has_been_read_to_its_end_tells_nothing_twice(dropbox: Dropbox) -> None:
    cursor = dropbox.ask("files/list_folder/get_latest_cursor", path="", recursive=True)["cursor"]
    dropbox.uploaded(b"one", path="/one.txt")
    first = dropbox.ask("files/list_folder/continue", cursor=cursor)
    assert [entry["name"] for entry in first["entries"]] == ["one.txt"]
    assert dropbox.ask("files/list_folder/continue", cursor=first["cursor"])["entries"] == []
    again = dropbox.ask("files/list_folder/continue", cursor=cursor)
    assert again["entries"] == first["entries"]


def test_what_changes_while_a_listing_goes_on_is_told_after_it(dropbox: Dropbox) -> None:
    page = dropbox.ask("files/list_folder", path="", recursive=True, limit=50)
    dropbox.uploaded(b"late", path="/Finance/late.txt")
    dropbox.ask("files/delete_v2", path=page["entries"][-1]["path_display"])
    state: dict[str, dict[str, Any]] = {}
    apply(state, page["entries"])
    keep_up(dropbox, state, keep_up(dropbox, state, page["cursor"]))
    assert state == dropbox.listed()


def test_a_listing_that_is_not_recursive_tells_the_folder_itself_only(dropbox: Dropbox) -> None:
    direct = dropbox.listed(path="/Finance", recursive=False)
    assert direct
    assert all(path.count("/") == 2 for path in direct)


def test_deleted_entries_are_listed_on_request(dropbox: Dropbox) -> None:
    dropbox.ask("files/delete_v2", path="/Fotos & Videos")
    assert "/fotos & videos" not in dropbox.listed()
    assert dropbox.listed(include_deleted=True)["/fotos & videos"][".tag"] == "deleted"
    told = dropbox.ask("files/get_metadata", path="/fotos & videos", include_deleted=True)
    assert told[".tag"] == "deleted"


def test_a_cursor_may_be_reset_and_then_the_listing_begins_again(dropbox: Dropbox) -> None:
    cursor = dropbox.ask("files/list_folder/get_latest_cursor", path="")["cursor"]
    dropbox.sandbox.plan(Fault(match="*/continue", kind="stale_cursor"))
    refusal = dropbox.refused("files/list_folder/continue", cursor=cursor)
    assert refusal == {"error_summary": "reset/..", "error": {".tag": "reset"}}


def test_longpoll_takes_no_authorization_and_tells_whether_anything_changed(dropbox: Dropbox) -> None:
    cursor = dropbox.ask("files/list_folder/get_latest_cursor", path="", recursive=True)["cursor"]
    body = json.dumps({"cursor": cursor, "timeout": 30}).encode()
    assert dropbox.call("files/list_folder/longpoll", body, JSON_TYPE, host=NOTIFY).status == 400
    dropbox.token = ""
    quiet = dropbox.call("files/list_folder/longpoll", body, JSON_TYPE, host=NOTIFY)
    dropbox.sandbox.advance(days=1)
    busy = dropbox.call("files/list_folder/longpoll", body, JSON_TYPE, host=NOTIFY)
    assert [json.loads(reply.body) for reply in (quiet, busy)] == [{"changes": False}, {"changes": True}]


def test_any_size_of_world_is_listed_and_grows_the_same_way_twice() -> None:
    def story(scale: int) -> list[Any]:
        dropbox = Dropbox(world=World(scale=scale))
        cursor = dropbox.ask("files/list_folder/get_latest_cursor", path="", recursive=True)["cursor"]
        dropbox.sandbox.advance(days=8)
        return list(dropbox.pages("files/list_folder/continue", cursor=cursor))

    for scale in (1, 5, 2000):
        assert story(scale) == story(scale)


# Writes


def test_an_upload_with_update_needs_the_rev_that_stands(dropbox: Dropbox) -> None:
    first = dropbox.uploaded(b"one", path="/notes.txt", mode="add")
    update = {".tag": "update", "update": first["rev"]}
    second = dropbox.uploaded(b"two", path="/notes.txt", mode=update, autorename=False, strict_conflict=True)
    assert second["id"] == first["id"]
    assert second["rev"] != first["rev"]
    late = dropbox.upload(b"three", path="/notes.txt", mode=update, autorename=False, strict_conflict=True)
    refusal = json.loads(late.body)
    assert late.status == 409
    assert refusal["error_summary"] == "path/conflict/file/.."
    assert refusal["error"]["reason"] == {".tag": "conflict", "conflict": {".tag": "file"}}
    assert dropbox.ask("files/get_metadata", path="/notes.txt")["rev"] == second["rev"]


def test_autorename_keeps_both_as_a_conflicted_copy(dropbox: Dropbox) -> None:
    dropbox.uploaded(b"one", path="/notes.txt")
    copy = dropbox.uploaded(b"two", path="/notes.txt", mode={".tag": "update", "update": "0" * 31}, autorename=True)
    assert copy["name"] == "notes (conflicted copy).txt"
    assert dropbox.uploaded(b"three", path="/notes.txt", mode="add", autorename=True)["name"] == "notes (1).txt"


def test_the_same_content_again_writes_nothing(dropbox: Dropbox) -> None:
    first = dropbox.uploaded(b"same", path="/same.txt")
    assert dropbox.uploaded(b"same", path="/same.txt") == first
    assert dropbox.upload(b"same", path="/same.txt", strict_conflict=True).status == 409


def test_the_content_hash_is_that_of_the_blocks() -> None:
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert content_hash(b"") == empty
    assert content_hash(bytes(4 * 1024 * 1024)) != content_hash(bytes(4 * 1024 * 1024 + 1))


def test_a_natural_file_keeps_its_id_when_it_is_overwritten_or_moved_and_remembers_its_revisions(
    dropbox: Dropbox,
) -> None:
    entry = next(one for one in dropbox.listed().values() if one[".tag"] == "file")
    saved = dropbox.uploaded(b"new", path=entry["path_display"], mode="overwrite")
    moved = dropbox.ask("files/move_v2", from_path=saved["path_display"], to_path="/Elsewhere/x.txt")["metadata"]
    assert entry["id"] == saved["id"] == moved["id"]
    revisions = dropbox.ask("files/list_revisions", path="/Elsewhere/x.txt")
    assert revisions["entries"][0]["rev"] == moved["rev"]
    assert entry["rev"] in [one["rev"] for one in revisions["entries"]]
    earlier = dropbox.ask("files/list_revisions", path="/Elsewhere/x.txt", limit=1, before_rev=moved["rev"])
    assert earlier["has_more"] == (len(revisions["entries"]) > 2)
    assert dropbox.refused("files/get_metadata", path=entry["path_display"])["error_summary"] == "path/not_found/.."


def test_a_deleted_file_has_its_revisions_still(dropbox: Dropbox) -> None:
    dropbox.uploaded(b"one", path="/gone.txt")
    dropbox.ask("files/delete_v2", path="/gone.txt")
    told = dropbox.ask("files/list_revisions", path="/gone.txt")
    assert told["is_deleted"]
    assert len(told["entries"]) == 1
    assert "server_deleted" in told


@pytest.mark.parametrize(
    ("path", "argument", "summary"),
    [
        ("files/delete_v2", {"path": "/nothing"}, "path_lookup/not_found/.."),
        ("files/move_v2", {"from_path": "/nothing", "to_path": "/x"}, "from_lookup/not_found/.."),
        ("files/move_v2", {"from_path": "/Finance", "to_path": "/Marketing"}, "to/conflict/folder/.."),
        ("files/move_v2", {"from_path": "/Finance", "to_path": "/Finance/x"}, "cant_move_folder_into_itself/.."),
        ("files/create_folder_v2", {"path": "/Finance"}, "path/conflict/folder/.."),
        ("files/list_folder", {"path": "/nothing"}, "path/not_found/.."),
        ("files/list_revisions", {"path": "/Finance"}, "path/not_file/.."),
    ],
)
def test_a_conflict_is_409_with_its_tags(dropbox: Dropbox, path: str, argument: dict[str, Any], summary: str) -> None:
    assert dropbox.refused(path, **argument)["error_summary"] == summary


def test_a_folder_is_created_with_all_above_it_and_found_in_any_case(dropbox: Dropbox) -> None:
    made = dropbox.ask("files/create_folder_v2", path="/Größe/Inner")["metadata"]
    assert made["path_lower"] == "/größe/inner"
    assert dropbox.ask("files/get_metadata", path="/GRÖSSE".replace("SS", "ß") + "/inner")["id"] == made["id"]
    assert dropbox.ask("files/get_metadata", path=made["id"])["name"] == "Inner"


# How it is asked


def test_a_route_without_argument_takes_null_or_nothing_but_no_object(dropbox: Dropbox) -> None:
    path = "users/get_current_account"
    statuses = [
        dropbox.call(path, body, headers).status
        for body, headers in (
            (b"null", JSON_TYPE),
            (b"", {}),
            (b"", {"content-type": "text/plain; charset=dropbox-cors-hack"}),
            (b"{}", JSON_TYPE),
            (b"", {"content-type": "application/x-www-form-urlencoded"}),
        )
    ]
    assert statuses == [200, 200, 200, 400, 400]


@pytest.mark.parametrize(
    "argument",
    [
        {"path": "/"},
        {"path": "no slash"},
        {"path": "", "limit": 2001},
        {"path": "", "limit": 0},
        {"path": "", "unknown": 1},
        {"recursive": True},
    ],
)
def test_a_wrong_argument_is_400_in_plain_text(dropbox: Dropbox, argument: dict[str, Any]) -> None:
    reply = dropbox.call("files/list_folder", json.dumps(argument).encode(), JSON_TYPE)
    assert reply.status == 400
    assert reply.body.startswith(b'Error in call to API function "files/list_folder": ')


def test_the_argument_of_an_upload_is_ascii(dropbox: Dropbox) -> None:
    headers = {"content-type": "application/octet-stream", "dropbox-api-arg": '{"path":"/für.txt"}'}
    assert dropbox.call("files/upload", b"x", headers, host=CONTENT).status == 400
    assert dropbox.uploaded(b"x", path="/für.txt")["name"] == "für.txt"


def test_an_upload_is_not_served_by_the_api_host(dropbox: Dropbox) -> None:
    headers = {"content-type": "application/octet-stream", "dropbox-api-arg": '{"path":"/x.txt"}'}
    assert dropbox.call("files/upload", b"x", headers, host=API).status == 400


def test_check_user_gives_the_query_back(dropbox: Dropbox) -> None:
    assert dropbox.ask("check/user", query="foo") == {"result": "foo"}


def test_another_path_root_is_422_with_the_right_one(dropbox: Dropbox) -> None:
    def asked(root: str) -> Reply:
        header = {"dropbox-api-path-root": json.dumps({".tag": "root", "root": root})}
        return dropbox.call("files/list_folder", b'{"path":""}', {**JSON_TYPE, **header})

    wrong = asked("1")
    assert wrong.status == 422
    assert asked(json.loads(wrong.body)["error"]["invalid_root"]["root_namespace_id"]).status == 200


# Credentials and limits


def test_a_missing_scope_is_401_and_named(dropbox: Dropbox) -> None:
    dropbox.sandbox.accepted.remove_scope("dropbox", "files.metadata.read")
    refusal = dropbox.refused("files/list_folder", status=401, path="")
    assert refusal["error"] == {".tag": "missing_scope", "required_scope": "files.metadata.read"}


def test_an_unknown_token_is_401(dropbox: Dropbox) -> None:
    dropbox.token = "sl.u.unknown"
    refusal = dropbox.refused("files/list_folder", status=401, path="")
    assert refusal["error"][".tag"] == "invalid_access_token"


def test_a_429_comes_as_json_and_as_plain_text_always_with_retry_after(dropbox: Dropbox) -> None:
    statuses, kinds = [], []
    for _ in range(1203):
        reply = dropbox.call("check/user", b"{}", JSON_TYPE)
        statuses.append(reply.status)
        if reply.status == 429:
            assert int(reply.headers["retry-after"]) >= 1
            kinds.append(reply.headers["content-type"].partition(";")[0])
    assert statuses[-3:] == [429, 429, 429]
    assert set(kinds) == {"application/json", "text/plain"}
    dropbox.sandbox.advance(seconds=61)
    assert dropbox.ask("check/user", query="x") == {"result": "x"}


def _token(dropbox: Dropbox, **fields: str) -> Reply:
    sample = SAMPLES["dropbox"]["oauth2"]
    form = {"client_id": sample["client_id"], "client_secret": sample["client_secret"], **fields}
    body = "&".join(f"{name}={value}" for name, value in form.items()).encode()
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return dropbox.sandbox.handle(Call(method="POST", host=API, path="/oauth2/token", headers=headers, body=body))


def _consented(dropbox: Dropbox, **more: str) -> dict[str, Any]:
    params = {
        "client_id": SAMPLES["dropbox"]["oauth2"]["client_id"],
        "redirect_uri": "http://127.0.0.1:8123/callback",
        "response_type": "code",
        "decision": "approve",
        **more,
    }
    page = dropbox.sandbox.handle(
        Call(method="GET", host="www.dropbox.com", path="/oauth2/authorize", params=tuple(params.items()))
    )
    code = page.headers["location"].partition("code=")[2].partition("&")[0]
    reply = _token(dropbox, grant_type="authorization_code", code=code, redirect_uri=params["redirect_uri"])
    return dict(json.loads(reply.body))


def test_an_offline_consent_gives_a_refresh_token_that_stays(dropbox: Dropbox) -> None:
    given = _consented(dropbox, token_access_type="offline", scope="account_info.read files.metadata.read")
    assert given["expires_in"] == 14_400
    assert given["account_id"].startswith("dbid:")
    dropbox.token = given["access_token"]
    dropbox.sandbox.advance(seconds=14_401)
    assert dropbox.refused("files/list_folder", status=401, path="")["error"][".tag"] == "expired_access_token"
    for _ in range(2):
        renewed = json.loads(_token(dropbox, grant_type="refresh_token", refresh_token=given["refresh_token"]).body)
        assert "refresh_token" not in renewed
        dropbox.token = renewed["access_token"]
        assert dropbox.ask("files/list_folder", path="", limit=1)["entries"]


def test_an_online_consent_gives_no_refresh_token(dropbox: Dropbox) -> None:
    assert "refresh_token" not in _consented(dropbox)


def test_revoking_an_access_token_takes_its_refresh_token_along(dropbox: Dropbox) -> None:
    given = _consented(dropbox, token_access_type="offline")
    dropbox.token = given["access_token"]
    assert dropbox.call("auth/token/revoke", b"null", JSON_TYPE).status == 200
    assert dropbox.refused("check/user", status=401)["error"][".tag"] == "invalid_access_token"
    assert _token(dropbox, grant_type="refresh_token", refresh_token=given["refresh_token"]).status == 400


# Against the recordings


def _shape(value: Any) -> Any:
    return {name: _shape(one) for name, one in value.items()} if isinstance(value, dict) else type(value).__name__


def test_entries_have_the_recorded_shape(dropbox: Dropbox) -> None:
    (page,) = recorded_bodies("dropbox", "nango/list-folder")
    theirs = {entry[".tag"]: _shape(entry) for entry in page["entries"]}
    mine = dropbox.ask("files/list_folder", path="", recursive=True)
    assert mine.keys() == page.keys()
    # The recorded account shared nothing.
    unshared = [entry for entry in mine["entries"] if "sharing_info" not in entry]
    assert {entry[".tag"]: _shape(entry) for entry in unshared} == theirs


def test_the_account_has_the_recorded_shape(dropbox: Dropbox) -> None:
    (account,) = recorded_bodies("dropbox", "nango/get-current-account")
    mine = json.loads(dropbox.call("users/get_current_account", b"null", JSON_TYPE).body)
    assert _shape(mine) == _shape(account)


def test_writes_and_revisions_have_the_recorded_shapes(dropbox: Dropbox) -> None:
    dropbox.uploaded(b"x", path="/a.txt")
    (revisions,) = recorded_bodies("dropbox", "nango/list-file-revisions")
    assert _shape(dropbox.ask("files/list_revisions", path="/a.txt")["entries"][0]) == _shape(revisions["entries"][0])
    (moved,) = recorded_bodies("dropbox", "nango/move-file-or-folder")
    assert _shape(dropbox.ask("files/move_v2", from_path="/a.txt", to_path="/b.txt")) == _shape(moved)
    (deleted,) = recorded_bodies("dropbox", "nango/delete-file-or-folder")
    assert _shape(dropbox.ask("files/delete_v2", path="/Fotos & Videos")) == _shape(deleted)
