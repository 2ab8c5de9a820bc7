"""YouTube: updates that replace what they name, comments, playlists."""

from __future__ import annotations

import json

import pytest

from connectors.youtube import CONNECTOR
from connectors.youtube.streams import COMMENT_THREADS, VIDEOS
from connectors.youtube.writes import PLAYLIST_ITEM_WRITE, PLAYLIST_WRITE, REPLY_WRITE, THREAD_WRITE, VIDEO_WRITE
from core.errors import RequestRefused, UsageError
from tests.connectors.writing import written_and_gone
from tests.connectors.youtube_parts import CONTEXT, OWN
from tests.contract.rig import Rig, sandbox_of
from tests.platforms.youtube import TOLD
from tests.shared import needs_shared
from tests.spec.test_connector_requests import Listening


def test_an_update_of_a_video_repeats_what_stands_beside_the_change_and_only_in_its_part() -> None:
    assert VIDEO_WRITE.update is not None
    there = {
        "id": "v",
        "snippet": {"title": "Old", "description": "Text", "tags": ["a"], "categoryId": "28", "channelTitle": "x"},
        "status": {"privacyStatus": "public", "license": "youtube", "embeddable": True},
    }
    changes = VIDEO_WRITE.complete(json.dumps(there).encode(), {"title": "New"})
    request = VIDEO_WRITE.update({"id": "v"}, changes, "e", CONTEXT)
    assert (request.method, request.params, request.repeatable) == ("PUT", {"part": "snippet"}, True)
    snippet = {"title": "New", "description": "Text", "tags": ["a"], "categoryId": "28"}
    assert request.json == {"id": "v", "snippet": snippet}
    both = VIDEO_WRITE.complete(json.dumps(there).encode(), {"tags": None, "privacy_status": "private"})
    request = VIDEO_WRITE.update({"id": "v"}, both, "e", CONTEXT)
    assert request.params == {"part": "snippet,status"}
    assert isinstance(request.json, dict)
    assert request.json["status"] == {"privacyStatus": "private", "license": "youtube", "embeddable": True}
    assert request.json["snippet"] == {"title": "Old", "description": "Text", "categoryId": "28"}


def test_an_update_that_would_erase_something_is_not_built() -> None:
    for write, changes in (
        (VIDEO_WRITE, {"title": "New"}),
        (PLAYLIST_WRITE, {"title": "New"}),
        (PLAYLIST_ITEM_WRITE, {"position": 1}),
    ):
        assert write.update is not None
        with pytest.raises(UsageError, match="erase"):
            write.update({"id": "v"}, changes, None, CONTEXT)


def test_a_comment_is_written_moderated_and_removed_by_calls_of_its_own() -> None:
    assert THREAD_WRITE.create
    assert THREAD_WRITE.update
    assert THREAD_WRITE.delete
    assert REPLY_WRITE.create
    created = THREAD_WRITE.create({"video_id": "v", "text_original": "Hi"}, CONTEXT)
    first = {"snippet": {"textOriginal": "Hi"}}
    assert created.json == {"snippet": {"channelId": OWN, "videoId": "v", "topLevelComment": first}}
    assert (created.path, created.repeatable) == ("/youtube/v3/commentThreads", False)
    answer = REPLY_WRITE.create({"thread_id": "Ug", "text_original": "Hi"}, CONTEXT)
    assert (answer.path, answer.json) == (
        "/youtube/v3/comments",
        {"snippet": {"parentId": "Ug", "textOriginal": "Hi"}},
    )
    edited = THREAD_WRITE.update({"id": "Ug"}, {"text_original": "Ho"}, None, CONTEXT)
    assert (edited.method, edited.json) == ("PUT", {"id": "Ug", "snippet": {"textOriginal": "Ho"}})
    held = THREAD_WRITE.update({"id": "Ug"}, {"moderation_status": "heldForReview"}, None, CONTEXT)
    assert (held.method, held.path) == ("POST", "/youtube/v3/comments/setModerationStatus")
    assert held.params == {"id": "Ug", "moderationStatus": "heldForReview"}
    gone = THREAD_WRITE.delete({"id": "Ug"}, None, CONTEXT)
    assert (gone.method, gone.path, gone.params) == ("DELETE", "/youtube/v3/comments", {"id": "Ug"})
    with pytest.raises(UsageError, match="nothing else"):
        THREAD_WRITE.update({"id": "Ug"}, {"text_original": "Ho", "moderation_status": "rejected"}, None, CONTEXT)


def listening() -> tuple[Rig, Listening]:
    sandbox = Listening("youtube")
    return Rig(connector=CONNECTOR, method="oauth2", sandbox=sandbox, small_pages=False), sandbox


@needs_shared
def test_comments_and_playlists_live_and_die_as_the_specification_has_it() -> None:
    rig, sandbox = listening()
    video, *_ = rig.read(VIDEOS).live.values()
    written_and_gone(
        rig, THREAD_WRITE, {"video_id": video["id"], "text_original": "Erste"}, {"text_original": "Zweite"}
    )
    thread, *_ = rig.read(COMMENT_THREADS).live.values()
    written_and_gone(rig, REPLY_WRITE, {"thread_id": thread["id"], "text_original": "Ja"}, {"text_original": "Nein"})
    playlist = {"title": "Neu", "description": "Alles", "privacy_status": "private"}
    written_and_gone(rig, PLAYLIST_WRITE, playlist, {"title": "Neuer"})
    (kept, *_) = rig.read(CONNECTOR.stream("playlists")).live.values()
    place = {"playlist_id": kept["id"], "video_id": video["id"]}
    written_and_gone(rig, PLAYLIST_ITEM_WRITE, place, {"position": 2})
    assert TOLD.judge is not None
    assert sandbox.complaints(TOLD.judge) == []


@needs_shared
def test_a_video_keeps_its_tags_when_its_title_changes_and_loses_what_is_taken_away() -> None:
    rig, sandbox = listening()
    assert VIDEO_WRITE.update
    assert VIDEO_WRITE.delete
    assert VIDEO_WRITE.read
    (tagged, *_) = (row for row in rig.read(VIDEOS).live.values() if row["tags"])
    key = {"id": str(tagged["id"])}
    for changes in ({"title": "Ganz neu"}, {"embeddable": False}, {"tags": None}):
        there = VIDEO_WRITE.record_of(rig.client.send(VIDEO_WRITE.read(key, rig.context())))
        assert there is not None
        rig.client.send(VIDEO_WRITE.update(key, VIDEO_WRITE.complete(there, changes), None, rig.context()))
        after = rig.read(VIDEOS).live[(tagged["id"],)]
        for name in tagged.keys() - changes.keys() - {"title", "embeddable", "view_count", "like_count"}:
            assert after[name] == tagged[name], name
        assert all(after[name] == value for name, value in changes.items())
    rig.client.send(VIDEO_WRITE.delete(key, None, rig.context()))
    assert VIDEO_WRITE.record_of(rig.client.send(VIDEO_WRITE.read(key, rig.context()))) is None
    with pytest.raises(RequestRefused, match="404"):
        rig.client.send(VIDEO_WRITE.delete(key, None, rig.context()))
    assert TOLD.judge is not None
    assert sandbox.complaints(TOLD.judge) == []


def test_a_comment_that_is_held_back_is_no_longer_listed() -> None:
    rig = Rig(connector=CONNECTOR, method="oauth2", sandbox=sandbox_of("youtube", 60))
    assert THREAD_WRITE.update
    (number,), *_ = rig.read(COMMENT_THREADS).live
    held = THREAD_WRITE.update({"id": number}, {"moderation_status": "heldForReview"}, None, rig.context())
    assert rig.client.send(held).status == 204
    assert (number,) not in rig.read(COMMENT_THREADS).live
