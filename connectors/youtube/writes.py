"""What a channel, its videos, comments and playlists are, and how they are written.

https://developers.google.com/youtube/data/reference/rest/v3 (each method `insert`, `update`, `delete`); a write costs
50 units of quota. An update replaces each part that it names, so that what it leaves out is erased: it takes all that
stands there (`Write.complete`), and is refused here without. Every record has an etag, but whether `If-Match` is kept
to is not documented any more: etags are compared before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from connectors.sdk.streams import value_of
from connectors.sdk.writing import Key, Record, Write, body_of
from core.errors import UsageError
from core.http import JSON, Request, Response
from core.model import Column, Context

WRITE_SCOPE: Final = "https://www.googleapis.com/auth/youtube.force-ssl"
VIDEO_PARTS: Final = "snippet,contentDetails,status,statistics"

_ID: Final = Column(name="id", required=True)
CHANNEL_COLUMNS: Final = (
    _ID,
    Column(name="title", path="snippet/title"),
    Column(name="description", path="snippet/description"),
    Column(name="custom_url", path="snippet/customUrl", about="The handle."),
    Column(name="country", path="snippet/country"),
    Column(name="published_at", path="snippet/publishedAt", type="timestamp"),
    Column(name="thumbnail_url", path="snippet/thumbnails/default/url"),
    Column(name="banner_url", path="brandingSettings/image/bannerExternalUrl"),
    Column(name="keywords", path="brandingSettings/channel/keywords"),
    Column(name="default_language", path="brandingSettings/channel/defaultLanguage"),
    Column(name="uploads_playlist_id", path="contentDetails/relatedPlaylists/uploads"),
    Column(name="privacy_status", path="status/privacyStatus"),
    Column(name="is_linked", path="status/isLinked", type="boolean"),
    Column(name="long_uploads_status", path="status/longUploadsStatus"),
    Column(name="made_for_kids", path="status/madeForKids", type="boolean"),
    Column(name="subscriber_count", path="statistics/subscriberCount", type="integer", minimum=0, about="Rounded."),
    Column(name="hidden_subscriber_count", path="statistics/hiddenSubscriberCount", type="boolean"),
    Column(name="view_count", path="statistics/viewCount", type="integer", minimum=0),
    Column(name="video_count", path="statistics/videoCount", type="integer", minimum=0),
)
VIDEO_COLUMNS: Final = (
    _ID,
    Column(name="title", path="snippet/title"),
    Column(name="description", path="snippet/description"),
    Column(name="tags", path="snippet/tags", type="json"),
    Column(name="category_id", path="snippet/categoryId"),
    Column(name="channel_id", path="snippet/channelId"),
    Column(name="channel_title", path="snippet/channelTitle"),
    Column(name="published_at", path="snippet/publishedAt", type="timestamp"),
    Column(name="live_broadcast_content", path="snippet/liveBroadcastContent"),
    Column(name="default_language", path="snippet/defaultLanguage"),
    Column(name="default_audio_language", path="snippet/defaultAudioLanguage"),
    Column(name="thumbnail_url", path="snippet/thumbnails/high/url"),
    Column(name="duration", path="contentDetails/duration", about="ISO 8601, such as PT4M13S."),
    Column(name="dimension", path="contentDetails/dimension"),
    Column(name="definition", path="contentDetails/definition"),
    Column(name="caption", path="contentDetails/caption", type="boolean"),
    Column(name="licensed_content", path="contentDetails/licensedContent", type="boolean"),
    Column(name="projection", path="contentDetails/projection"),
    Column(name="privacy_status", path="status/privacyStatus"),
    Column(name="upload_status", path="status/uploadStatus"),
    Column(name="rejection_reason", path="status/rejectionReason"),
    Column(name="publish_at", path="status/publishAt", type="timestamp", about="Of private ones that are scheduled."),
    Column(name="license", path="status/license"),
    Column(name="embeddable", path="status/embeddable", type="boolean"),
    Column(name="public_stats_viewable", path="status/publicStatsViewable", type="boolean"),
    Column(name="made_for_kids", path="status/madeForKids", type="boolean"),
    Column(name="self_declared_made_for_kids", path="status/selfDeclaredMadeForKids", type="boolean"),
    Column(name="contains_synthetic_media", path="status/containsSyntheticMedia", type="boolean"),
    Column(name="view_count", path="statistics/viewCount", type="integer", minimum=0),
    Column(name="like_count", path="statistics/likeCount", type="integer", minimum=0),
    Column(name="comment_count", path="statistics/commentCount", type="integer", minimum=0),
)


def _comment(under: str) -> tuple[Column, ...]:
    """What a comment is, below a path."""
    return (
        Column(name="text", path=f"{under}snippet/textDisplay"),
        Column(name="text_original", path=f"{under}snippet/textOriginal", about="As it was typed; not told of all."),
        Column(name="author_name", path=f"{under}snippet/authorDisplayName"),
        Column(name="author_channel_id", path=f"{under}snippet/authorChannelId/value"),
        Column(name="published_at", path=f"{under}snippet/publishedAt", type="timestamp"),
        Column(name="updated_at", path=f"{under}snippet/updatedAt", type="timestamp"),
        Column(name="like_count", path=f"{under}snippet/likeCount", type="integer", minimum=0),
        Column(name="moderation_status", path=f"{under}snippet/moderationStatus", about="Told to the owner alone."),
    )


THREAD_COLUMNS: Final = (
    _ID,
    Column(name="channel_id", path="snippet/channelId"),
    Column(name="video_id", path="snippet/videoId", about="Null for comments on the channel itself."),
    *_comment("snippet/topLevelComment/"),
    Column(name="total_reply_count", path="snippet/totalReplyCount", type="integer", minimum=0),
    Column(name="can_reply", path="snippet/canReply", type="boolean"),
    Column(name="is_public", path="snippet/isPublic", type="boolean"),
)
REPLY_COLUMNS: Final = (_ID, Column(name="thread_id", path="snippet/parentId"), *_comment(""))
PLAYLIST_COLUMNS: Final = (
    _ID,
    Column(name="title", path="snippet/title"),
    Column(name="description", path="snippet/description"),
    Column(name="default_language", path="snippet/defaultLanguage"),
    Column(name="channel_id", path="snippet/channelId"),
    Column(name="channel_title", path="snippet/channelTitle"),
    Column(name="published_at", path="snippet/publishedAt", type="timestamp"),
    Column(name="thumbnail_url", path="snippet/thumbnails/high/url"),
    Column(name="privacy_status", path="status/privacyStatus"),
    Column(name="podcast_status", path="status/podcastStatus"),
    Column(name="item_count", path="contentDetails/itemCount", type="integer", minimum=0),
)
PLAYLIST_ITEM_COLUMNS: Final = (
    _ID,
    Column(name="playlist_id", path="snippet/playlistId"),
    Column(name="video_id", path="snippet/resourceId/videoId"),
    Column(name="position", path="snippet/position", type="integer", minimum=0, about="From 0."),
    Column(name="title", path="snippet/title", about="Of the video; of one that is gone, only that it is."),
    Column(name="added_at", path="snippet/publishedAt", type="timestamp"),
    Column(name="video_published_at", path="contentDetails/videoPublishedAt", type="timestamp"),
    Column(name="video_owner_channel_id", path="snippet/videoOwnerChannelId"),
    Column(name="video_owner_channel_title", path="snippet/videoOwnerChannelTitle"),
    Column(name="privacy_status", path="status/privacyStatus", about="Of the video."),
)


def _delete(kind: str) -> Callable[[Key, str | None, Context], Request]:
    path = f"/youtube/v3/{kind}"
    return lambda key, version, context: Request(method="DELETE", path=path, params={"id": key["id"]})


def _read(kind: str, parts: str) -> Callable[[Key, Context], Request]:
    """One record by its id, listed as any others are: `items` is empty where it is gone."""
    path = f"/youtube/v3/{kind}"
    return lambda key, context: Request(path=path, params={"part": parts, "id": key["id"]})


def _sent(method: str, kind: str, body: Mapping[str, JSON], *parts: str) -> Request:
    path, params = f"/youtube/v3/{kind}", {"part": ",".join(parts)}
    return Request(method=method, path=path, params=params, json=dict(body), repeatable=method != "POST")


def _only(response: Response) -> bytes | None:
    return next(iter(response.records("items")), None)


def _etag(response: Response) -> str | None:
    found = response.get("items")
    return str(found[0].get("etag")) if found else None


def _completed(columns: Sequence[Column], *groups: tuple[str, ...]) -> Callable[[bytes, Record], Record]:
    """The changes with what stands in the columns of each group of which one is changed."""
    paths = {column.name: column.source for column in columns}

    def complete(record: bytes, changes: Record) -> Record:
        touched = [name for group in groups if set(group) & changes.keys() for name in group]
        return {name: value_of(record, paths[name]) for name in touched} | dict(changes)

    return complete


def _whole(columns: Sequence[Column], group: tuple[str, ...], record: Record) -> dict[str, Any]:
    """The body that these columns make; null is what does not stand there. Raises UsageError where one is missing."""
    missing = [name for name in group if name not in record]
    if missing:
        raise UsageError(
            f"YouTube would erase what an update does not repeat: {', '.join(missing)}",
            advice="Read the record first and complete the changes with what stands there.",
        )
    return body_of(columns, {name: record[name] for name in group if record[name] is not None})


# Videos

_SNIPPET: Final = ("title", "description", "tags", "category_id", "default_language", "default_audio_language")
_STATUS: Final = (
    "privacy_status",
    "publish_at",
    "license",
    "embeddable",
    "public_stats_viewable",
    "self_declared_made_for_kids",
    "contains_synthetic_media",
)


def _update_video(key: Key, changes: Record, version: str | None, context: Context) -> Request:
    body: dict[str, JSON] = {"id": key["id"]}
    for group in (_SNIPPET, _STATUS):
        if set(group) & changes.keys():
            body |= _whole(VIDEO_COLUMNS, group, changes)
    return _sent("PUT", "videos", body, *(part for part in ("snippet", "status") if part in body))


VIDEO_WRITE: Final = Write(
    writable=(*_SNIPPET, *_STATUS),
    update=_update_video,
    delete=_delete("videos"),
    read=_read("videos", VIDEO_PARTS),
    record_of=_only,
    version_of=_etag,
    complete=_completed(VIDEO_COLUMNS, _SNIPPET, _STATUS),
    control="compare",
    scopes=(WRITE_SCOPE,),
    about="Videos are not uploaded here. An update replaces the snippet, or the status, as a whole.",
)


# Comments. https://developers.google.com/youtube/data/guides/implementation/comments


def _create_thread(record: Record, context: Context) -> Request:
    channel = context.settings.get("channel_id") or context.settings.get("found_channel_id")
    text: dict[str, JSON] = {"snippet": {"textOriginal": record["text_original"]}}
    snippet: dict[str, JSON] = {"channelId": str(channel), "topLevelComment": text}
    if record.get("video_id"):
        snippet["videoId"] = record["video_id"]
    return _sent("POST", "commentThreads", {"snippet": snippet}, "snippet")


def _create_reply(record: Record, context: Context) -> Request:
    snippet = {"parentId": record["thread_id"], "textOriginal": record["text_original"]}
    return _sent("POST", "comments", {"snippet": snippet}, "snippet")


def _update_comment(key: Key, changes: Record, version: str | None, context: Context) -> Request:
    """A thread has the id of its first comment. Whoever wrote it changes its text, the owner its moderation."""
    if changes.keys() == {"text_original"}:
        snippet = {"textOriginal": changes["text_original"]}
        return _sent("PUT", "comments", {"id": key["id"], "snippet": snippet}, "snippet")
    if changes.keys() == {"moderation_status"}:
        params = {"id": key["id"], "moderationStatus": str(changes["moderation_status"])}
        return Request(method="POST", path="/youtube/v3/comments/setModerationStatus", params=params)
    raise UsageError(
        "of a comment either the text or the moderation is changed, and nothing else",
        advice="Change text_original and moderation_status one after another.",
    )


def _comment_write(kind: str, create: Callable[[Record, Context], Request], belongs: str) -> Write:
    return Write(
        writable=(belongs, "text_original", "moderation_status"),
        create=create,
        update=_update_comment,
        delete=_delete("comments"),
        read=_read(kind, "snippet"),
        record_of=_only,
        version_of=_etag,
        control="compare",
        scopes=(WRITE_SCOPE,),
        about="moderation_status: published, heldForReview or rejected, on one's own channel.",
    )


THREAD_WRITE: Final = _comment_write("commentThreads", _create_thread, "video_id")
REPLY_WRITE: Final = _comment_write("comments", _create_reply, "thread_id")


# Playlists

_PLAYLIST: Final = ("title", "description", "default_language", "privacy_status")
_PLACE: Final = ("playlist_id", "video_id", "position")


def _create_playlist(record: Record, context: Context) -> Request:
    body = body_of(PLAYLIST_COLUMNS, record)
    return _sent("POST", "playlists", body, *(part for part in ("snippet", "status") if part in body))


def _update_playlist(key: Key, changes: Record, version: str | None, context: Context) -> Request:
    body = _whole(PLAYLIST_COLUMNS, _PLAYLIST, changes)
    return _sent("PUT", "playlists", {"id": key["id"], **body}, "snippet", "status")


def _placed(body: dict[str, Any]) -> dict[str, Any]:
    body["snippet"]["resourceId"]["kind"] = "youtube#video"
    return body


def _create_item(record: Record, context: Context) -> Request:
    return _sent("POST", "playlistItems", _placed(body_of(PLAYLIST_ITEM_COLUMNS, record)), "snippet")


def _update_item(key: Key, changes: Record, version: str | None, context: Context) -> Request:
    body = _placed(_whole(PLAYLIST_ITEM_COLUMNS, _PLACE, changes))
    return _sent("PUT", "playlistItems", {"id": key["id"], **body}, "snippet")


PLAYLIST_WRITE: Final = Write(
    writable=_PLAYLIST,
    create=_create_playlist,
    update=_update_playlist,
    delete=_delete("playlists"),
    read=_read("playlists", "snippet,status,contentDetails"),
    record_of=_only,
    version_of=_etag,
    complete=_completed(PLAYLIST_COLUMNS, _PLAYLIST),
    control="compare",
    scopes=(WRITE_SCOPE,),
    about="An update replaces the playlist's texts and its privacy as a whole.",
)
PLAYLIST_ITEM_WRITE: Final = Write(
    writable=_PLACE,
    create=_create_item,
    update=_update_item,
    delete=_delete("playlistItems"),
    read=_read("playlistItems", "snippet,contentDetails,status"),
    record_of=_only,
    version_of=_etag,
    complete=_completed(PLAYLIST_ITEM_COLUMNS, _PLACE),
    control="compare",
    scopes=(WRITE_SCOPE,),
    about="An update moves an item to another position in its playlist.",
)
