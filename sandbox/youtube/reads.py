"""The lists of the Data API: channels, playlist items, videos and their statistics, comments, playlists."""

from __future__ import annotations

from typing import Any

from sandbox.platform import Call, Refused, Reply
from sandbox.table import Row
from sandbox.world import DAY_MS
from sandbox.youtube.content import VIDEO, Answer, Content
from sandbox.youtube.dialect import (
    CHANNEL,
    CHANNEL_TITLE,
    UPLOADS,
    bad,
    code,
    etag,
    ids_of,
    is_owner,
    listed,
    missing,
    one,
    opaque,
    paged,
    parts,
    resource,
    stamp,
    thumbnails,
)

CHANNEL_PARTS = (
    "snippet",
    "contentDetails",
    "statistics",
    "status",
    "brandingSettings",
    "topicDetails",
    "localizations",
)
VIDEO_PARTS = ("snippet", "contentDetails", "status", "statistics", "player", "topicDetails", "recordingDetails")
SHOWN_REPLIES = 5
_AGE = 1500  # days that the channel was there before the world began


class Reads:
    def __init__(self, content: Content) -> None:
        self.content = content

    # The channel

    def channels(self, call: Call) -> Reply:
        asked = parts(call, CHANNEL_PARTS)
        if call.param("mine") == "true":
            if not is_owner(call):
                raise Refused(
                    bad("The request uses the mine parameter but is not authorized.", "authorizationRequired", "mine")
                )
        elif not call.params_of("id"):
            raise Refused(bad("No filter selected.", "missingRequiredParameter", "parameters."))
        elif CHANNEL not in ids_of(call):
            # Without any items the list itself is left out.
            info = {"totalResults": 0, "resultsPerPage": 5}
            return one({"kind": "youtube#channelListResponse", "etag": etag(0), "pageInfo": info})
        return listed("channel", [resource("channel", CHANNEL, self._channel(), asked)], total=1, size=5)

    def _channel(self) -> dict[str, Any]:
        world, texts = self.content.world, {"title": CHANNEL_TITLE, "description": "We build things."}
        watched = world.total("youtube views", base=90_000, level=400)
        return {
            "snippet": {
                **texts,
                "customUrl": "@sandbox_labs",
                "publishedAt": stamp(world.start_ms - _AGE * DAY_MS),
                "thumbnails": thumbnails("channel"),
                "localized": texts,
                "country": "DE",
            },
            "contentDetails": {"relatedPlaylists": {"likes": "", "uploads": UPLOADS}},
            "statistics": {
                "viewCount": str(watched),
                "subscriberCount": str(world.total("youtube subscribers", base=3_000, level=5) // 10 * 10),
                "hiddenSubscriberCount": False,
                "videoCount": str(len(self.content.videos.indices())),
            },
            "status": {
                "privacyStatus": "public",
                "isLinked": True,
                "longUploadsStatus": "allowed",
                "madeForKids": False,
            },
            "brandingSettings": {
                "channel": {**texts, "keywords": '"open data" Datenschutz', "defaultLanguage": "en", "country": "DE"},
                "image": {"bannerExternalUrl": "https://yt3.ggpht.com/sandbox-banner"},
            },
        }

    # Videos

    def videos(self, call: Call) -> Reply:
        asked = parts(call, VIDEO_PARTS)
        found = [self.shown_video(row, asked) for row in self._seen(call)]
        return listed("video", found, total=len(found))

    def shown_video(self, row: Row, asked: list[str]) -> dict[str, Any]:
        return resource("video", code(row.index, VIDEO), self.content.video(row), asked)

    def statistics(self, call: Call) -> Reply:
        asked = parts(call, ("snippet", "contentDetails", "statistics"))
        items = []
        for row in self._seen(call):
            counted = self.content.counters(row)
            shown = {
                "snippet": {"publishTime": stamp(row.created)},
                "contentDetails": {"duration": f"{60 + row.index % 600}s"},
                "statistics": {n: str(counted[n]) for n in ("viewCount", "likeCount", "commentCount")},
            }
            items.append(resource("videoStats", code(row.index, VIDEO), shown, asked))
        return one({"kind": "youtube#batchGetStatsResponse", "etag": etag(items), "items": items})

    def _seen(self, call: Call) -> list[Row]:
        """Those of the ids asked for that exist and may be seen; the others are left out without a word."""
        ids = ids_of(call)
        if not ids:
            raise Refused(bad("No filter selected. Expected one of: id", "missingRequiredParameter", "parameters."))
        rows = (self.content.video_named(one) for one in dict.fromkeys(ids))
        return [row for row in rows if row and (is_owner(call) or not self.content.is_private(row))]

    # Playlists and what is in them

    def playlists(self, call: Call) -> Reply:
        asked = parts(call, ("snippet", "status", "contentDetails", "player", "localizations"))
        content = self.content
        if call.params_of("id"):
            rows = [content.playlist_named(number) for number in ids_of(call)]
            return listed("playlist", [self.shown_playlist(row, asked) for row in rows if row])
        if call.param("mine") != "true" and call.param("channelId") != CHANNEL:
            raise missing("channel", "channelId")
        seen = [row for row in map(content.playlists.existing, content.playlists.indices()) if row]
        if not is_owner(call):
            seen = [row for row in seen if content.playlist(row)["status"]["privacyStatus"] == "public"]

        def show(index: int) -> dict[str, Any]:
            row = content.playlists.row(index)
            assert row is not None
            return self.shown_playlist(row, asked)

        return paged(call, "playlist", [(row.created, row.index) for row in seen], show)

    def shown_playlist(self, row: Row, asked: list[str]) -> dict[str, Any]:
        return resource("playlist", self.content.playlist_id(row.index), self.content.playlist(row), asked)

    def playlist_items(self, call: Call) -> Reply:
        asked = parts(call, ("snippet", "contentDetails", "status"))
        if call.params_of("id"):
            return listed(
                "playlistItem", [item for item in (self.item_named(number, asked) for number in ids_of(call)) if item]
            )
        playlist = call.param("playlistId")
        if playlist == UPLOADS:
            places = self.content.uploads(private=is_owner(call))
            return paged(call, "playlistItem", places, lambda index: self._upload(places, index, asked))
        row = self.content.playlist_named(playlist)
        if row is None:
            raise missing("playlist", "playlistId")
        items = self.content.items(row)
        shown = [(position,) for position in range(len(items))]
        return paged(
            call, "playlistItem", shown, lambda position: self._item(playlist, items[position], position, asked)
        )

    def item_named(self, number: str, asked: list[str]) -> dict[str, Any] | None:
        for index in self.content.playlists.indices():
            row = self.content.playlists.row(index)
            for position, item in enumerate(self.content.items(row) if row else ()):
                if item[0] == number:
                    return self._item(self.content.playlist_id(index), item, position, asked)
        return None

    def _upload(self, places: list[tuple[int, int]], index: int, asked: list[str]) -> dict[str, Any]:
        row = self.content.videos.row(index)
        assert row is not None
        item = (opaque(f"{UPLOADS}.{index}"), index, row.created)
        return self._item(UPLOADS, item, places.index((-row.created, index)), asked)

    def _item(self, playlist: str, item: tuple[str, int, int], position: int, asked: list[str]) -> dict[str, Any]:
        """A video that is gone keeps its place, under another name."""
        name, index, added = item
        row, number = self.content.videos.existing(index), code(index, VIDEO)
        video = self.content.video(row) if row else None
        snippet: dict[str, Any] = {
            "publishedAt": stamp(added),
            "channelId": CHANNEL,
            "title": video["snippet"]["title"] if video else "Deleted video",
            "description": video["snippet"].get("description", "") if video else "This video is unavailable.",
            "thumbnails": thumbnails(f"vi/{number}") if video else {},
            "channelTitle": CHANNEL_TITLE,
            "playlistId": playlist,
            "position": position,
            "resourceId": {"kind": "youtube#video", "videoId": number},
        }
        details = {"videoId": number}
        if row and video:
            snippet |= {"videoOwnerChannelTitle": CHANNEL_TITLE, "videoOwnerChannelId": CHANNEL}
            details["videoPublishedAt"] = stamp(row.created)
        status = {"privacyStatus": video["status"]["privacyStatus"]} if video else {}
        shown = {"snippet": snippet, "contentDetails": details, "status": status}
        return resource("playlistItem", name, shown, asked)

    # Comments

    def threads(self, call: Call) -> Reply:
        asked = parts(call, ("snippet", "replies"))
        content = self.content
        if call.params_of("id"):
            rows = [content.thread_named(number) for number in ids_of(call)]
            return listed("commentThread", [self.shown_thread(row, asked) for row in rows if row])
        whose = call.param("allThreadsRelatedToChannelId")
        if whose not in ("", CHANNEL):
            raise missing("channel", "allThreadsRelatedToChannelId")
        if not whose and content.video_named(call.param("videoId")) is None:
            raise missing("video", "videoId")

        def show(index: int) -> dict[str, Any]:
            row = content.threads.row(index)
            assert row is not None
            return self.shown_thread(row, asked)

        places = content.newest_threads()
        if not whose:
            places = [
                at for at in places if content.video_of(_there(content.threads.row(at[1]))) == call.param("videoId")
            ]
        return paged(call, "commentThread", places, show, usual=20, most=100)

    def shown_thread(self, row: Row, asked: list[str]) -> dict[str, Any]:
        first, replies = self.content.comment(row), self.content.replies(row)
        shown: dict[str, Any] = {
            "snippet": {
                "channelId": CHANNEL,
                "videoId": self.content.video_of(row),
                "topLevelComment": resource("comment", first["id"], first, ["snippet"]),
                "canReply": True,
                "totalReplyCount": len(replies),
                "isPublic": True,
            }
        }
        if replies:
            shown["replies"] = {"comments": [self.shown_reply(one) for one in replies[:SHOWN_REPLIES]]}
        return resource("commentThread", first["id"], shown, asked)

    def shown_reply(self, told: Answer) -> dict[str, Any]:
        reply = self.content.reply(told)
        return resource("comment", reply["id"], reply, ["snippet"])

    def comments(self, call: Call) -> Reply:
        parts(call, ("snippet",))
        content = self.content
        if call.params_of("id"):
            found = [self.comment_named(number) for number in ids_of(call)]
            return listed("comment", [one for one in found if one])
        thread = content.thread_named(call.param("parentId"))
        if thread is None:
            raise missing("comment", "parentId")
        replies = content.replies(thread)
        places = [(-told.created, at) for at, told in enumerate(replies)]
        return paged(call, "comment", places, lambda at: self.shown_reply(replies[at]), usual=20, most=100)

    def comment_named(self, number: str) -> dict[str, Any] | None:
        """The first comment of a thread, or an answer."""
        found = self.content.reply_named(number)
        if found:
            return self.shown_reply(found[1])
        row = self.content.thread_named(number)
        return resource("comment", number, self.content.comment(row), ["snippet"]) if row else None


def _there(row: Row | None) -> Row:
    assert row is not None
    return row
