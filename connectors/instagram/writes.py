"""Media and comments: what they are, and how they are written.

https://developers.facebook.com/docs/instagram-platform/content-publishing,
https://developers.facebook.com/docs/instagram-platform/comment-moderation
Media are published in two steps: a container is made of an address that Instagram fetches, and published once it is
ready. A container ends after a day and is published once, so that either step can be tried again. The same create does
both: with `media_url` it makes a container, with `container_id` it publishes one. Captions cannot be changed, and
nothing is a precondition for a change.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from connectors.sdk.auth import Settings
from connectors.sdk.edges import optional
from connectors.sdk.meta import ID, ORIGIN, graph
from connectors.sdk.writing import Key, Record, Write
from core.errors import UsageError
from core.http import JSON, Params, Request
from core.model import Column, Context

INSTAGRAM_ORIGIN: Final = "https://graph.instagram.com"
LOGIN: Final = "login"
INSTAGRAM: Final = "instagram"

MEDIA_FIELDS: Final = (
    "id,caption,media_type,media_product_type,media_url,thumbnail_url,permalink,shortcode,timestamp,username,"
    "like_count,comments_count,is_comment_enabled,is_shared_to_feed,alt_text,children{id,media_type,media_url}"
)
MEDIA_COLUMNS: Final = (
    Column(name="id", required=True, pattern=ID),
    Column(name="caption"),
    Column(name="media_type", about="IMAGE, VIDEO or CAROUSEL_ALBUM."),
    Column(name="media_product_type", about="FEED, REELS, STORY or AD."),
    Column(name="media_url", about="An address that ends to be good after some days; none where music is protected."),
    Column(name="thumbnail_url", about="Of videos; it ends to be good as well."),
    Column(name="permalink"),
    Column(name="shortcode"),
    Column(name="created_at", path="timestamp", type="timestamp"),
    Column(name="username"),
    Column(name="like_count", type="integer", minimum=0, about="Left out where likes are hidden."),
    Column(name="comments_count", type="integer", minimum=0),
    Column(name="is_comment_enabled", type="boolean"),
    Column(name="is_shared_to_feed", type="boolean", about="Of reels."),
    Column(name="alt_text"),
    Column(name="children", path="children/data", type="json", about="What is in an album."),
    Column(name="container_id", about="What is to be published: only written, never told."),
)
COMMENT_FIELDS: Final = "id,text,timestamp,username,from,like_count,hidden,parent_id"
COMMENT_COLUMNS: Final = (
    Column(name="id", required=True, pattern=ID),
    Column(name="media_id"),
    Column(name="parent_id", about="The comment that this one answers."),
    Column(name="text"),
    Column(name="username"),
    Column(name="from_id", path="from/id", about="Of the person, for this app alone."),
    Column(name="created_at", path="timestamp", type="timestamp"),
    Column(name="like_count", type="integer", minimum=0),
    Column(name="is_hidden", path="hidden", type="boolean"),
)
_KINDS: Final = {"VIDEO": "REELS", "CAROUSEL_ALBUM": "CAROUSEL"}


def asked(
    settings: Settings, path: str, *, method: str = "GET", params: Params | None = None, json: JSON = None, **args: str
) -> Request:
    """A call at the host of the product that one signed in with: tokens of one are not known to the other."""
    base = INSTAGRAM_ORIGIN if settings.get(LOGIN) == INSTAGRAM else ORIGIN
    return Request(method=method, base=base, path=graph(path), args=args, params=params or {}, json=json)


def of_account(
    edge: str, context: Context, *, method: str = "GET", params: Params | None = None, json: JSON = None
) -> Request:
    account = str(context.settings["instagram_id"])
    return asked(
        context.settings, f"/{{instagram_id}}/{edge}", method=method, params=params, json=json, instagram_id=account
    )


def of_parent(edge: str, context: Context, params: Params) -> Request:
    """A list of one of the media, which may be gone by now."""
    assert context.parent is not None
    media = str(context.parent["id"])
    return optional(asked(context.settings, f"/{{media_id}}/{edge}", params=params, media_id=media))


def _publish(record: Record, context: Context) -> Request:
    """Raises UsageError where there is neither a container nor what one is made of."""
    if record.get("container_id"):
        return of_account("media_publish", context, method="POST", json={"creation_id": str(record["container_id"])})
    kind, product = str(record.get("media_type") or "IMAGE"), str(record.get("media_product_type") or "")
    source, children = record.get("media_url"), record.get("children")
    body: dict[str, JSON] = {name: record[name] for name in ("caption", "alt_text") if record.get(name)}
    if kind == "CAROUSEL_ALBUM":
        if not isinstance(children, list) or not children:
            raise UsageError("an album needs the containers of what is in it (children)")
        body["children"] = [str(one) for one in children]
    elif not source:
        raise UsageError("media need the address that Instagram fetches them from (media_url), or a container_id")
    else:
        body["image_url" if kind == "IMAGE" else "video_url"] = source
    if product == "STORY":
        body["media_type"] = "STORIES"
    elif kind in _KINDS:
        body["media_type"] = _KINDS[kind]
    if "is_shared_to_feed" in record:
        body["share_to_feed"] = record["is_shared_to_feed"]
    return of_account("media", context, method="POST", json=body)


def _update_media(key: Key, changes: Record, version: str | None, context: Context) -> Request:
    """Raises UsageError for anything but whether comments are allowed."""
    fixed = sorted(changes.keys() - {"is_comment_enabled"})
    if fixed:
        raise UsageError(
            f"{', '.join(fixed)} of published media cannot be changed",
            advice="Only is_comment_enabled can; for anything else, delete and publish anew.",
        )
    body: dict[str, JSON] = {"comment_enabled": changes.get("is_comment_enabled")}
    return asked(context.settings, "/{id}", method="POST", json=body, id=key["id"])


def _delete(key: Key, version: str | None, context: Context) -> Request:
    return asked(context.settings, "/{id}", method="DELETE", id=key["id"])


def _read(fields: str, key: Key, context: Context) -> Request:
    return asked(context.settings, "/{id}", params={"fields": fields}, id=key["id"])


def container_state(container: str, context: Context) -> Request:
    """Asks how far a container is: `status_code` is IN_PROGRESS, FINISHED, ERROR, EXPIRED or PUBLISHED."""
    return _read("id,status_code,status", {"id": container}, context)


def _create_comment(record: Record, context: Context) -> Request:
    """Raises UsageError where nothing says what is commented on."""
    above, media = record.get("parent_id"), record.get("media_id")
    if not above and not media:
        raise UsageError("a comment needs what it is a comment on", advice="Give media_id, or parent_id for an answer.")
    path = "/{id}/replies" if above else "/{id}/comments"
    body: dict[str, JSON] = {"message": record.get("text")}
    return replace(asked(context.settings, path, method="POST", json=body, id=str(above or media)), repeatable=False)


def _hide_comment(key: Key, changes: Record, version: str | None, context: Context) -> Request:
    """Raises UsageError for anything but hiding."""
    fixed = sorted(changes.keys() - {"is_hidden"})
    if fixed:
        raise UsageError(f"{', '.join(fixed)} of a comment cannot be changed", advice="Delete it and write it anew.")
    return asked(context.settings, "/{id}", method="POST", json={"hide": changes.get("is_hidden")}, id=key["id"])


MEDIA_WRITE: Final = Write(
    writable=(
        "caption",
        "alt_text",
        "media_type",
        "media_product_type",
        "media_url",
        "children",
        "is_shared_to_feed",
        "is_comment_enabled",
        "container_id",
    ),
    create=_publish,
    update=_update_media,
    delete=_delete,
    read=lambda key, context: _read(MEDIA_FIELDS, key, context),
    scopes=("instagram_content_publish",),
    about="Create with media_url, which answers the id of a container, then with that as container_id.",
)
COMMENT_WRITE: Final = Write(
    writable=("media_id", "parent_id", "text", "is_hidden"),
    create=_create_comment,
    update=_hide_comment,
    delete=_delete,
    read=lambda key, context: _read(COMMENT_FIELDS, key, context),
    scopes=("instagram_manage_comments",),
    about="Comments can be hidden and deleted, texts cannot be changed.",
)
