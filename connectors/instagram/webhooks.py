"""What Instagram calls us with: comments, mentions, and the last figures of a story.

https://developers.facebook.com/docs/instagram-platform/webhooks. Both the app and the account must be subscribed: the
one in the app's dashboard, the other by `POST /{account}/subscribed_apps`; with Facebook Login the Page as well. One's
own comments arrive too.
"""

from __future__ import annotations

from typing import Final

from connectors.sdk.inbound import Event
from connectors.sdk.meta_webhooks import Change, meta_inbound, moment

_DOCS: Final = "https://developers.facebook.com/docs/instagram-platform/webhooks"


def _event(change: Change) -> Event:
    value = change.value
    comment, media = value.get("id"), value.get("media_id")
    stream, key = "", {}
    # What is said below a live video or somebody else's post is in no list that is read.
    if change.topic == "comments" and comment:
        stream, key = "comments", {"id": str(comment)}
    elif change.topic == "story_insights" and media:
        stream, key = "stories", {"id": str(media)}
    return Event(
        id=change.id,
        kind=change.topic,
        at=moment(value.get("timestamp")) or change.at,
        stream=stream,
        key=key,
        account=change.account,
        data=change.data,
    )


INBOUND: Final = meta_inbound(_event, kinds=("comments", "live_comments", "mentions", "story_insights"), docs=_DOCS)
