"""Dropbox: revisions that guard what is written, uploads, folders, the root of a team."""

from __future__ import annotations

import json
from hashlib import sha256

import pytest

from connectors.dropbox import CONNECTOR
from connectors.dropbox.writes import ENTRY_WRITE, LARGEST_UPLOAD, content_hash, upload
from core.errors import RequestRefused, UsageError
from core.model import Context
from tests.connectors.replies import CONTEXT, NOW
from tests.contract.rig import Rig
from tests.platforms.dropbox import TOLD
from tests.shared import needs_shared
from tests.spec.test_connector_requests import Listening


def test_an_upload_names_the_revision_that_it_takes_the_place_of() -> None:
    asked = upload("/größe\x7f.txt", b"abc", "0123456789abcdef", CONTEXT)
    packed = asked.headers["Dropbox-API-Arg"]
    assert packed.isascii()
    assert "\x7f" not in packed
    assert json.loads(packed) == {
        "path": "/größe\x7f.txt",
        "mode": {".tag": "update", "update": "0123456789abcdef"},
        "autorename": False,
        "strict_conflict": True,
        "content_hash": content_hash(b"abc"),
    }
    assert (asked.base, asked.headers["Content-Type"]) == (
        "https://content.dropboxapi.com",
        "application/octet-stream",
    )
    assert not asked.repeatable


def test_a_new_file_may_be_sent_again_since_the_same_content_is_no_conflict() -> None:
    asked = upload("/a", b"abc", None, CONTEXT)
    assert asked.repeatable
    argument = json.loads(asked.headers["Dropbox-API-Arg"])
    assert (argument["mode"], argument["strict_conflict"]) == ({".tag": "add"}, False)


def test_what_is_too_large_for_one_call_is_refused_before_any() -> None:
    with pytest.raises(UsageError):
        upload("/a", bytes(LARGEST_UPLOAD + 1), None, CONTEXT)


def test_a_hash_of_content_is_one_over_those_of_its_blocks() -> None:
    block = bytes(4 * 1024 * 1024)
    assert content_hash(b"") == sha256(b"").hexdigest()
    assert content_hash(block + b"x") == sha256(sha256(block).digest() + sha256(b"x").digest()).hexdigest()


def test_only_folders_are_made_without_content_and_only_paths_are_changed() -> None:
    assert ENTRY_WRITE.create is not None
    assert ENTRY_WRITE.update is not None
    with pytest.raises(UsageError, match="folders"):
        ENTRY_WRITE.create({"path_display": "/a", "kind": "file"}, CONTEXT)
    with pytest.raises(UsageError, match="path"):
        ENTRY_WRITE.update({"path_lower": "/a"}, {"kind": "folder"}, None, CONTEXT)


def test_writes_in_a_team_space_name_its_root() -> None:
    context = Context(now=NOW, settings={"root_namespace_id": "7", "home_namespace_id": "8"})
    assert ENTRY_WRITE.delete is not None
    for asked in (upload("/a", b"", None, context), ENTRY_WRITE.delete({"path_lower": "/a"}, "r", context)):
        assert json.loads(asked.headers["Dropbox-API-Path-Root"])["root"] == "7"


@needs_shared
def test_a_file_is_uploaded_moved_and_deleted_as_the_specification_has_it() -> None:
    sandbox = Listening("dropbox")
    rig = Rig(connector=CONNECTOR, method="access_token", sandbox=sandbox, small_pages=False)
    write, send, context = ENTRY_WRITE, rig.client.send, rig.context()
    assert write.create
    assert write.update
    assert write.delete
    assert write.read
    made = send(write.create({"path_display": "/Plans", "kind": "folder"}, context))
    assert write.created(made) == {"path_lower": "/plans"}
    first = write.version_of(send(upload("/Plans/Größe.txt", b"one", None, context)))
    second = write.version_of(send(upload("/Plans/Größe.txt", b"two", first, context)))
    assert None not in (first, second)
    with pytest.raises(RequestRefused, match="conflict"):
        send(upload("/Plans/Größe.txt", b"three", first, context))
    moved = send(write.update({"path_lower": "/plans/größe.txt"}, {"path_display": "/Plans/B.txt"}, second, context))
    key = write.created(moved)
    assert key == {"path_lower": "/plans/b.txt"}
    found = send(write.read(key, context))
    assert found.get("content_hash") == content_hash(b"two")
    with pytest.raises(RequestRefused, match="conflict"):
        send(write.delete(key, first, context))
    send(write.delete(key, write.version_of(found), context))
    with pytest.raises(RequestRefused, match="not_found"):
        send(write.read(key, context))
    assert TOLD.judge is not None
    assert sandbox.complaints(TOLD.judge) == []
