"""What Facebook calls us with about a Page: what happens in its feed.

https://developers.facebook.com/docs/graph-api/webhooks/reference/page. Both the app and the Page must be subscribed:
the one in the app's dashboard, the other by `POST /{page}/subscribed_apps`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from connectors.sdk.inbound import Event
from connectors.sdk.meta_webhooks import Change, meta_inbound, moment

_REMOVED: Final = "remove"
_REACTIONS: Final = ("reaction", "like")
_POSTS: Final = ("post", "status", "photo", "video", "share", "album", "event", "link", "note", "life_event")


def _event(change: Change) -> Event:
    value = change.value
    item, verb = str(value.get("item", "")), str(value.get("verb", ""))
    stream, key = _row(item, value)
    # A reaction that is taken back changes the count of what it was to, which stays.
    stays = item in _REACTIONS and stream != "reactions"
    return Event(
        id=change.id,
        kind=".".join(part for part in (change.topic, item, verb) if part),
        at=moment(value.get("created_time")) or change.at,
        stream=stream,
        key=key,
        deleted=bool(stream) and verb == _REMOVED and not stays,
        account=change.account,
        data=change.data,
    )


def _row(item: str, value: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    """The stream that knows more, and the row, as far as the change names it."""
    post, comment = value.get("post_id"), value.get("comment_id")
    sender = value.get("from")
    person = sender.get("id") if isinstance(sender, dict) else None
    if comment:
        return "comments", {"id": str(comment)}
    if item in _REACTIONS and post:
        return ("reactions", {"post_id": str(post), "id": str(person)}) if person else ("posts", {"id": str(post)})
    if item in _POSTS and post:
        return "posts", {"id": str(post)}
    return "", {}


INBOUND: Final = meta_inbound(_event, kinds=("feed", "mention"))
