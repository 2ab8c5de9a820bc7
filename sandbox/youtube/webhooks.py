"""Deliveries of the hub: the entry of the video that was published last, and of the one that was deleted last.

developers.google.com/youtube/data/guides/push_notifications; WebSub; RFC 6721 (deleted entries)
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from xml.sax.saxutils import escape

from sandbox.platform import Delivery
from sandbox.world import from_ms
from sandbox.youtube.content import VIDEO, Content
from sandbox.youtube.dialect import CHANNEL, CHANNEL_TITLE, code

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<feed xmlns:yt="http://www.youtube.com/xml/schemas/2015" '
    'xmlns:at="http://purl.org/atompub/tombstones/1.0" xmlns="http://www.w3.org/2005/Atom">'
)


def delivers(content: Content) -> Callable[[str, str], Delivery]:
    def deliver(url: str, secret: str) -> Delivery:
        videos = content.videos
        latest = videos.row(content.uploads(private=False)[0][1])
        assert latest is not None
        number, published = code(latest.index, VIDEO), from_ms(latest.created).isoformat()
        updated = from_ms(latest.created + 1000).isoformat(timespec="microseconds").replace("+", "123+")
        address = f"https://www.youtube.com/channel/{CHANNEL}"
        text = (
            f"{_HEAD}<title>YouTube video feed</title><updated>{updated}</updated><entry><id>yt:video:{number}</id>"
            f"<yt:videoId>{number}</yt:videoId><yt:channelId>{CHANNEL}</yt:channelId>"
            f"<title>{escape(content.video(latest)['snippet']['title'])}</title>"
            f'<link rel="alternate" href="https://www.youtube.com/watch?v={number}"/>'
            f"<author><name>{CHANNEL_TITLE}</name><uri>{address}</uri></author>"
            f"<published>{published}</published><updated>{updated}</updated></entry>"
        )
        for index in videos.indices(deleted=True)[-1:]:
            row = videos.row(index)
            assert row is not None
            when = from_ms(row.deleted or 0).isoformat()
            text += (
                f'<at:deleted-entry ref="yt:video:{code(index, VIDEO)}" when="{when}"><at:by>'
                f"<name>{CHANNEL_TITLE}</name><uri>{address}</uri></at:by></at:deleted-entry>"
            )
        body = f"{text}</feed>".encode()
        signature = hmac.new(secret.encode(), body, hashlib.sha1).hexdigest()
        headers = {
            "content-type": "application/atom+xml",
            "link": '<https://pubsubhubbub.appspot.com/>; rel="hub"',
            "x-hub-signature": f"sha1={signature}",
        }
        return Delivery(method="POST", url=url, headers=headers, body=body)

    return deliver
