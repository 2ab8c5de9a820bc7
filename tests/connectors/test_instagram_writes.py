"""Instagram: publishing in two steps, and comments."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.instagram import CONNECTOR
from connectors.instagram.streams import (
    COMMENTS,
    MEDIA,
)
from connectors.instagram.writes import COMMENT_WRITE, MEDIA_WRITE, container_state
from core.errors import (
    PlatformUnavailable,
    RequestRefused,
    UsageError,
)
from tests.connectors.instagram_parts import BY_FACEBOOK, BY_INSTAGRAM, rig_of
from tests.connectors.replies import reply
from tests.contract.rig import Rig
from tests.platforms.instagram import TOLD
from tests.shared import needs_shared, recorded
from tests.spec.test_connector_requests import Listening


@pytest.mark.parametrize(
    ("given", "body"),
    [
        ({"media_url": "https://x/a.jpg", "caption": "Hi"}, {"caption": "Hi", "image_url": "https://x/a.jpg"}),
        (
            {"media_url": "https://x/a.mp4", "media_type": "VIDEO", "is_shared_to_feed": True},
            {"video_url": "https://x/a.mp4", "media_type": "REELS", "share_to_feed": True},
        ),
        (
            {"media_url": "https://x/a.jpg", "media_product_type": "STORY"},
            {"image_url": "https://x/a.jpg", "media_type": "STORIES"},
        ),
        ({"media_type": "CAROUSEL_ALBUM", "children": [1, "2"]}, {"children": ["1", "2"], "media_type": "CAROUSEL"}),
    ],
)
def test_a_container_is_made_of_an_address(given: dict[str, Any], body: dict[str, Any]) -> None:
    assert MEDIA_WRITE.create
    made = MEDIA_WRITE.create(given, BY_INSTAGRAM)
    assert (made.method, made.filled_path, made.json) == ("POST", "/v26.0/1784/media", body)
    assert made.base == "https://graph.instagram.com"


def test_what_cannot_be_written_is_said_before_anything_is_sent() -> None:
    assert MEDIA_WRITE.create
    assert MEDIA_WRITE.update
    assert COMMENT_WRITE.create
    assert COMMENT_WRITE.update
    for wrong in ({"caption": "Hi"}, {"media_type": "CAROUSEL_ALBUM", "media_url": "https://x/a.jpg"}):
        with pytest.raises(UsageError):
            MEDIA_WRITE.create(wrong, BY_FACEBOOK)
    with pytest.raises(UsageError, match="caption"):
        MEDIA_WRITE.update({"id": "179"}, {"caption": "Hi"}, None, BY_FACEBOOK)
    with pytest.raises(UsageError, match="comment"):
        COMMENT_WRITE.create({"text": "Hi"}, BY_FACEBOOK)
    with pytest.raises(UsageError, match="text"):
        COMMENT_WRITE.update({"id": "178"}, {"text": "Hi"}, None, BY_FACEBOOK)


def test_a_comment_answers_another_or_stands_below_a_medium_and_is_sent_once() -> None:
    assert COMMENT_WRITE.create
    below = COMMENT_WRITE.create({"media_id": "179", "text": "Hi"}, BY_FACEBOOK)
    answer = COMMENT_WRITE.create({"media_id": "179", "parent_id": "178", "text": "Hi"}, BY_FACEBOOK)
    assert (below.filled_path, answer.filled_path) == ("/v26.0/179/comments", "/v26.0/178/replies")
    assert (below.json, below.repeatable) == ({"message": "Hi"}, False)


@needs_shared
@pytest.mark.parametrize("name", ["create_photo", "create_video", "publish_container"])
def test_a_recorded_answer_tells_the_key(name: str) -> None:
    assert MEDIA_WRITE.created(reply(recorded("instagram", f"python-facebook/publish/{name}")))["id"].isdecimal()


@needs_shared
@pytest.mark.parametrize("method", ["page_token", "instagram_token"])
def test_a_medium_is_published_once_ready_and_once_only_and_talked_about(method: str) -> None:
    sandbox = Listening("instagram")
    rig = Rig(connector=CONNECTOR, method=method, sandbox=sandbox, small_pages=False)
    create, update, delete, read = MEDIA_WRITE.create, MEDIA_WRITE.update, MEDIA_WRITE.delete, MEDIA_WRITE.read
    assert create
    assert update
    assert delete
    assert read
    made = create({"media_url": "https://x/a.jpg", "caption": "Hi"}, rig.context())
    container = MEDIA_WRITE.created(rig.client.send(made))["id"]
    assert rig.client.send(container_state(container, rig.context())).get("status_code") == "IN_PROGRESS"
    sandbox.advance(seconds=60)
    publish = create({"container_id": container}, rig.context())
    key = MEDIA_WRITE.created(rig.client.send(publish))
    with pytest.raises(RequestRefused):
        rig.client.send(publish)
    assert key["id"] in {row["id"] for row in rig.read(MEDIA).live.values()}
    rig.client.send(update(key, {"is_comment_enabled": False}, None, rig.context()))
    assert rig.client.send(read(key, rig.context())).get("is_comment_enabled") is False
    _talk(rig, key["id"])
    rig.client.send(delete(key, None, rig.context()))
    with pytest.raises(RequestRefused):
        rig.client.send(read(key, rig.context()))
    assert TOLD.judge is not None
    assert sandbox.complaints(TOLD.judge) == []


def _talk(rig: Rig, medium: str) -> None:
    create, update, delete = COMMENT_WRITE.create, COMMENT_WRITE.update, COMMENT_WRITE.delete
    assert create
    assert update
    assert delete
    said = COMMENT_WRITE.created(rig.client.send(create({"media_id": medium, "text": "Hi"}, rig.context())))
    answer = {"media_id": medium, "parent_id": said["id"], "text": "Hello"}
    COMMENT_WRITE.created(rig.client.send(create(answer, rig.context())))
    rig.client.send(update(said, {"is_hidden": True}, None, rig.context()))
    found = {row["text"]: row for row in rig.read(COMMENTS).live.values() if row["media_id"] == medium}
    assert found["Hi"]["is_hidden"] is True
    assert found["Hello"]["parent_id"] == said["id"]
    rig.client.send(delete(said, None, rig.context()))


def test_a_container_that_is_not_ready_is_tried_again_by_itself_and_then_left_for_later() -> None:
    rig = rig_of("page_token")
    assert MEDIA_WRITE.create
    made = MEDIA_WRITE.create({"media_url": "https://x/a.jpg"}, rig.context())
    container = MEDIA_WRITE.created(rig.client.send(made))["id"]
    publish = MEDIA_WRITE.create({"container_id": container}, rig.context())
    with pytest.raises(PlatformUnavailable):
        rig.client.send(publish)
    assert len(rig.slept) >= 3
    assert min(rig.slept) >= 10
    rig.sandbox.advance(seconds=60)
    assert MEDIA_WRITE.created(rig.client.send(publish))["id"].isdecimal()
