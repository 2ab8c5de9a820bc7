"""Posts and comments: what they are, and how they are written.

https://developers.facebook.com/docs/pages-api/posts, https://developers.facebook.com/docs/pages-api/comments-mentions
There is no key that makes a create safe to repeat, and no precondition: of a post the time of the last change is
compared before, a comment tells none.
A post that is created unpublished and then published by an update can be tried again at the second step. Only posts
that the same app created can be changed.
"""

from __future__ import annotations

from typing import Final

from connectors.sdk.meta import graph
from connectors.sdk.writing import Key, Record, Write, body_of
from core.errors import UsageError
from core.http import JSON, Request, Response
from core.model import Column, Context

POST_FIELDS: Final = (
    "id,message,story,created_time,updated_time,permalink_url,status_type,full_picture,is_published,is_hidden,"
    "scheduled_publish_time,parent_id,attachments,shares,reactions.summary(true).limit(0),"
    "comments.summary(true).limit(0)"
)
POST_COLUMNS: Final = (
    Column(name="id", required=True),
    Column(name="message"),
    Column(name="story", about="What Facebook says of it: that a cover was changed, an event was shared."),
    Column(name="created_at", path="created_time", type="timestamp"),
    Column(name="updated_at", path="updated_time", type="timestamp", about="A new comment counts as a change."),
    Column(name="permalink_url"),
    Column(name="status_type"),
    Column(name="full_picture", about="An address that ends to be good after some days."),
    Column(name="is_published", type="boolean"),
    Column(name="is_hidden", type="boolean"),
    Column(name="scheduled_at", path="scheduled_publish_time", type="epoch"),
    Column(name="parent_id", about="The post that this one shares."),
    Column(name="attachments", path="attachments/data", type="json"),
    Column(name="shares_count", path="shares/count", type="integer", minimum=0),
    Column(name="reactions_count", path="reactions/summary/total_count", type="integer", minimum=0),
    Column(name="comments_count", path="comments/summary/total_count", type="integer", minimum=0),
)
COMMENT_FIELDS: Final = (
    "id,message,from,created_time,parent{id},like_count,comment_count,is_hidden,can_hide,permalink_url"
)
COMMENT_COLUMNS: Final = (
    Column(name="id", required=True),
    Column(name="post_id"),
    Column(name="parent_id", path="parent/id", about="The comment that this one answers."),
    Column(name="message"),
    Column(name="from_id", path="from/id", about="Left out where the person does not let the app see it."),
    Column(name="from_name", path="from/name"),
    Column(name="created_at", path="created_time", type="timestamp"),
    Column(name="like_count", type="integer", minimum=0),
    Column(name="comment_count", type="integer", minimum=0),
    Column(name="is_hidden", type="boolean"),
    Column(name="can_hide", type="boolean"),
    Column(name="permalink_url"),
)
_AT_CREATION: Final = {"is_published": "published", "scheduled_at": "scheduled_publish_time"}


def _create_post(record: Record, context: Context) -> Request:
    """Raises UsageError for what only an update can set."""
    if "is_hidden" in record:
        raise UsageError("is_hidden of a post cannot be set when it is created", advice="Set it by an update.")
    return Request(
        method="POST",
        path=graph("/{page_id}/feed"),
        args={"page_id": str(context.settings["page_id"])},
        json={_AT_CREATION.get(name, name): value for name, value in record.items()},
        repeatable=False,
    )


def _update(columns: tuple[Column, ...], key: Key, changes: Record) -> Request:
    return Request(method="POST", path=graph("/{id}"), args={"id": key["id"]}, json=body_of(columns, changes))


def _delete(key: Key, version: str | None, context: Context) -> Request:
    return Request(method="DELETE", path=graph("/{id}"), args={"id": key["id"]})


def _create_comment(record: Record, context: Context) -> Request:
    """Raises UsageError where nothing says what is commented on."""
    target = record.get("parent_id") or record.get("post_id")
    if not target:
        raise UsageError("a comment needs what it is a comment on", advice="Give post_id, or parent_id for an answer.")
    body: dict[str, JSON] = {"message": record.get("message")}
    return Request(method="POST", path=graph("/{id}/comments"), args={"id": str(target)}, json=body, repeatable=False)


def _update_comment(key: Key, changes: Record, version: str | None, context: Context) -> Request:
    """Raises UsageError for what is set for good at creation."""
    for name in ("post_id", "parent_id"):
        if name in changes:
            raise UsageError(f"{name} of a comment cannot be written any more", advice="It is set at its creation.")
    return _update(COMMENT_COLUMNS, key, changes)


def _read(fields: str, key: Key) -> Request:
    return Request(path=graph("/{id}"), args={"id": key["id"]}, params={"fields": fields})


def _version(response: Response) -> str | None:
    found = response.get("updated_time")
    return str(found) if found else None


POST_WRITE: Final = Write(
    writable=("message", "is_published", "is_hidden", "scheduled_at"),
    create=_create_post,
    update=lambda key, changes, version, context: _update(POST_COLUMNS, key, changes),
    delete=_delete,
    read=lambda key, context: _read(POST_FIELDS, key),
    version_of=_version,
    control="compare",
    scopes=("pages_manage_posts",),
    about="Create with is_published false and publish by an update: that can be tried again, a create cannot.",
)
COMMENT_WRITE: Final = Write(
    writable=("post_id", "parent_id", "message", "is_hidden"),
    create=_create_comment,
    update=_update_comment,
    delete=_delete,
    read=lambda key, context: _read(COMMENT_FIELDS, key),
    scopes=("pages_manage_engagement",),
    about="Hiding is refused where can_hide is false; texts can be changed of the Page's own comments.",
)
