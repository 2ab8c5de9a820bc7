"""Writes of the Data API. An update replaces each part that it names: what it leaves out is erased."""

from __future__ import annotations

from typing import Any

from sandbox import google
from sandbox.platform import Call, Refused, Reply, empty_reply
from sandbox.table import Row
from sandbox.youtube.content import Content
from sandbox.youtube.dialect import CHANNEL, bad, denied, given, missing, one, parts
from sandbox.youtube.reads import VIDEO_PARTS, Reads

_SNIPPET = ("title", "description", "tags", "categoryId", "defaultLanguage", "defaultAudioLanguage")
_STATUS = (
    "privacyStatus", "publishAt", "license", "embeddable", "publicStatsViewable", "selfDeclaredMadeForKids",
    "containsSyntheticMedia",
)  # fmt: skip
_MODERATION = ("published", "heldForReview", "rejected")


class Writes:
    def __init__(self, content: Content, reads: Reads) -> None:
        self.content = content
        self.reads = reads

    # Videos

    def update_video(self, call: Call) -> Reply:
        asked = parts(call, VIDEO_PARTS)
        row = self.content.video_named(str(given(call, "id")))
        if row is None:
            raise missing("video")
        fields: dict[str, Any] = dict(row.fields)
        if "snippet" in asked:
            given(call, "snippet", "title")
            given(call, "snippet", "categoryId")
            fields["snippet"] = _replaced(call.json()["snippet"], _SNIPPET)
        if "status" in asked:
            told = given(call, "status")
            if told.get("publishAt") and told.get("privacyStatus") != "private":
                raise Refused(
                    bad("The request metadata specifies an invalid publish time.", "invalidPublishAt", "body")
                )
            fields["status"] = _replaced(told, _STATUS)
        return one(self.reads.shown_video(self.content.videos.change(row.index, fields), asked))

    def delete_video(self, call: Call) -> Reply:
        row = self.content.video_named(call.param("id"))
        if row is None:
            raise missing("video")
        self.content.videos.delete(row.index)
        return empty_reply()

    # Comments

    def create_thread(self, call: Call) -> Reply:
        asked = parts(call, ("snippet", "replies"))
        text = given(call, "snippet", "topLevelComment", "snippet", "textOriginal")
        video = call.json()["snippet"].get("videoId", "")
        if given(call, "snippet", "channelId") != CHANNEL:
            raise missing("channel", "channelId")
        if video and self.content.video_named(video) is None:
            raise missing("video", "videoId")
        row = self.content.threads.create({"text": text, "videoId": video})
        return one(self.reads.shown_thread(row, asked))

    def create_comment(self, call: Call) -> Reply:
        parts(call, ("snippet",))
        thread = self.content.thread_named(str(given(call, "snippet", "parentId")))
        text = given(call, "snippet", "textOriginal")
        if thread is None:
            raise Refused(
                google.problem(
                    404, "The parent comment cannot be found.", reason="parentCommentNotFound", domain="youtube.comment"
                )
            )
        row = self.content.written_replies.create({"thread": thread.index, "text": text})
        found = self.content.reply_named(f"{self.content.thread_id(thread.index)}.w{row.index}")
        assert found is not None
        return one(self.reads.shown_reply(found[1]))

    def update_comment(self, call: Call) -> Reply:
        """One's own alone."""
        parts(call, ("snippet",))
        number, text = str(given(call, "id")), given(call, "snippet", "textOriginal")
        self._change(number, {"text": text}, own=True)
        found = self.reads.comment_named(number)
        assert found is not None
        return one(found)

    def moderate(self, call: Call) -> Reply:
        status = call.param("moderationStatus")
        if status not in _MODERATION:
            raise Refused(bad(f"Invalid value '{status}'.", "invalidValue", "moderationStatus"))
        for number in call.params_of("id"):
            self._change(number, {"moderationStatus": status}, own=False)
        return empty_reply()

    def delete_comment(self, call: Call) -> Reply:
        number = call.param("id")
        answer, thread = self.content.reply_named(number), self.content.thread_named(number)
        if answer and answer[1].row:
            self.content.written_replies.delete(answer[1].row.index)
        elif thread:
            self.content.threads.delete(thread.index)
        else:
            raise denied("comment") if answer else missing("comment")
        return empty_reply()

    def _change(self, number: str, fields: dict[str, str], *, own: bool) -> None:
        answer, thread = self.content.reply_named(number), self.content.thread_named(number)
        row = answer[1].row if answer else thread
        if not answer and not thread:
            raise missing("comment")
        if row is None or (own and not row.written):
            raise denied("comment")
        table = self.content.written_replies if answer else self.content.threads
        table.change(row.index, fields)

    # Playlists

    def create_playlist(self, call: Call) -> Reply:
        asked = parts(call, ("snippet", "status", "contentDetails"))
        given(call, "snippet", "title")
        row = self.content.playlists.create(_playlist(call.json(), asked))
        return one(self.reads.shown_playlist(row, asked))

    def update_playlist(self, call: Call) -> Reply:
        asked = parts(call, ("snippet", "status", "contentDetails"))
        row = self.content.playlist_named(str(given(call, "id")))
        given(call, "snippet", "title")
        if row is None:
            raise missing("playlist")
        row = self.content.playlists.change(row.index, _playlist(call.json(), asked))
        return one(self.reads.shown_playlist(row, asked))

    def delete_playlist(self, call: Call) -> Reply:
        row = self.content.playlist_named(call.param("id"))
        if row is None:
            raise missing("playlist")
        self.content.playlists.delete(row.index)
        return empty_reply()

    def create_item(self, call: Call) -> Reply:
        asked = parts(call, ("snippet", "contentDetails", "status"))
        playlist, video = self._named(call)
        row = self.content.written_items.create({"playlist": playlist.index, "video": video.index})
        number = next(one[0] for one in self.content.items(playlist) if one[2] == row.created and one[1] == video.index)
        return self._placed(call, number, asked)

    def update_item(self, call: Call) -> Reply:
        asked = parts(call, ("snippet", "contentDetails", "status"))
        number = str(given(call, "id"))
        self._named(call)
        if self.reads.item_named(number, ["snippet"]) is None:
            raise missing("playlistItem")
        return self._placed(call, number, asked)

    def delete_item(self, call: Call) -> Reply:
        number = call.param("id")
        if self.reads.item_named(number, ["snippet"]) is None:
            raise missing("playlistItem")
        self.content.gone_items.add(number)
        return empty_reply()

    def _named(self, call: Call) -> tuple[Row, Row]:
        playlist = self.content.playlist_named(str(given(call, "snippet", "playlistId")))
        kind = given(call, "snippet", "resourceId", "kind")
        video = self.content.video_named(str(given(call, "snippet", "resourceId", "videoId")))
        if playlist is None:
            raise missing("playlist", "playlistId")
        if video is None or kind != "youtube#video":
            raise missing("video", "resourceId")
        return playlist, video

    def _placed(self, call: Call, number: str, asked: list[str]) -> Reply:
        position = call.json()["snippet"].get("position")
        if position is not None:
            self.content.moved_items[number] = int(position)
        found = self.reads.item_named(number, asked)
        assert found is not None
        return one(found)


def _replaced(told: Any, known: tuple[str, ...]) -> dict[str, Any]:
    """What is not told is gone; what nobody may write is passed over."""
    return {name: told.get(name) for name in known} if isinstance(told, dict) else dict.fromkeys(known)


def _playlist(body: dict[str, Any], asked: list[str]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if "snippet" in asked:
        fields["snippet"] = _replaced(body["snippet"], ("title", "description", "defaultLanguage"))
    if "status" in asked and "status" in body:
        fields["status"] = {"privacyStatus": body["status"].get("privacyStatus", "public")}
    return fields
