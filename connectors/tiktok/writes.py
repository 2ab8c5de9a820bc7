"""What can be written at TikTok: videos are posted, and neither changed nor deleted.

https://developers.tiktok.com/doc/content-posting-api-reference-direct-post
Nothing keeps a video from being posted twice, so it is not tried again. The id of the video is told when it is public:
until then there is the id of the posting, whose state `read` asks for.
"""

from __future__ import annotations

from typing import Any, Final

from connectors.sdk.writing import Key, Record, Write
from core.errors import UsageError
from core.http import Request
from core.model import Context


def _post(record: Record, context: Context) -> Request:
    """A video that TikTok fetches from `source_url`, an address of a domain that was proved to be one's own."""
    if not record.get("source_url"):
        raise UsageError("a video needs the address that TikTok fetches it from (source_url)")
    post: dict[str, Any] = {"privacy_level": record.get("privacy_level") or "SELF_ONLY"}
    if record.get("title"):
        post["title"] = record["title"]
    source = {"source": "PULL_FROM_URL", "video_url": record["source_url"]}
    return Request(
        method="POST",
        path="/v2/post/publish/video/init/",
        json={"post_info": post, "source_info": source},
        repeatable=False,
    )


def _state(key: Key, context: Context) -> Request:
    return Request(method="POST", path="/v2/post/publish/status/fetch/", json={"publish_id": key["publish_id"]})


VIDEO_WRITE: Final = Write(
    writable=("title", "privacy_level", "source_url"),
    create=_post,
    read=_state,
    record_of=lambda response: response.raw("data"),
    created=lambda response: {"publish_id": str(response.get("data/publish_id"))},
    scopes=("video.publish",),
    about="Private unless `privacy_level` says otherwise.",
)
