"""Posts: what they are, and how they are written. Answers to one's posts can be hidden.

https://docs.x.com/x-api/posts/manage-tweets/introduction, https://docs.x.com/x-api/posts/hide-replies/introduction
There is no key that makes a create safe to repeat and nothing to compare. The same text twice is refused, which guards
against some repetitions: after a timeout, look at the timeline first. A post is never changed: an edit (X Premium,
within the hour) is a create that names the post it takes the place of, and gives a new id.
"""

from __future__ import annotations

from typing import Final

from connectors.sdk.writing import Key, Record, Write, body_of
from connectors.sdk.x import ID, POST_COUNTS, post_fields
from core.errors import UsageError
from core.http import JSON, Request
from core.model import Column, Context

POST_FIELDS: Final = (
    "attachments",
    "author_id",
    "community_id",
    "conversation_id",
    "created_at",
    "in_reply_to_user_id",
    "lang",
    "note_tweet",
    "possibly_sensitive",
    "public_metrics",
    "referenced_tweets",
    "reply_settings",
)
TOLD_OF_POSTS: Final = (
    Column(name="id", required=True, pattern=ID),
    Column(name="text", required=True),
    Column(name="note_tweet", path="note_tweet/text", about="The whole of a long post, whose text is cut off."),
    Column(name="note_post", path="note_post/text", about="The same under its newer name."),
    Column(name="author_id", pattern=ID),
    Column(name="conversation_id", pattern=ID),
    Column(name="in_reply_to_user_id", pattern=ID),
    Column(name="lang"),
    Column(name="created_at", type="timestamp"),
    *POST_COUNTS,
    Column(name="referenced_tweets", type="json", about="What it answers, quotes or reposts: type and id."),
    Column(name="referenced_posts", type="json", about="The same under its newer name."),
    Column(name="media_keys", path="attachments/media_keys", type="json"),
    Column(name="poll_ids", path="attachments/poll_ids", type="json"),
    Column(name="possibly_sensitive", type="boolean"),
    Column(name="reply_settings", about="Who may answer."),
    Column(name="community_id"),
    Column(name="edit_history_tweet_ids", type="json"),
    Column(name="edit_history_post_ids", type="json"),
)
_GIVEN: Final = (
    Column(name="answers_id", path="reply/in_reply_to_tweet_id", about="Only written: the post that it answers."),
    Column(name="quotes_id", path="quote_tweet_id", about="Only written: the post that it quotes."),
    Column(
        name="edits_id", path="edit_options/previous_post_id", about="Only written: the post it takes the place of."
    ),
    Column(name="media_ids", path="media/media_ids", type="json", about="Only written: up to four that were uploaded."),
    Column(name="poll_options", path="poll/options", type="json", about="Only written: two to four texts."),
    Column(name="poll_minutes", path="poll/duration_minutes", type="integer", minimum=5, maximum=10080),
    Column(name="made_with_ai", type="boolean", about="Only written."),
    Column(name="paid_partnership", type="boolean"),
)
POST_COLUMNS: Final = (*TOLD_OF_POSTS, *_GIVEN)
REPLY_COLUMNS: Final = (*TOLD_OF_POSTS, Column(name="hidden", type="boolean", about="Only written."))
_WRITABLE: Final = ("text", "reply_settings", "community_id", *(column.name for column in _GIVEN))


def _create(record: Record, context: Context) -> Request:
    """Raises UsageError for a post that says nothing."""
    if not any(record.get(name) for name in ("text", "media_ids")):
        raise UsageError("a post needs a text or media")
    if bool(record.get("poll_options")) is not bool(record.get("poll_minutes")):
        raise UsageError("a poll needs its options and how long it lasts", advice="Give poll_options and poll_minutes.")
    body = body_of(POST_COLUMNS, {name: value for name, value in record.items() if value is not None})
    return Request(method="POST", path="/2/tweets", json=body, repeatable=False)


def _delete(key: Key, version: str | None, context: Context) -> Request:
    return Request(method="DELETE", path="/2/tweets/{id}", args={"id": key["id"]})


def _read(key: Key, context: Context) -> Request:
    params = post_fields(context.settings, *POST_FIELDS)
    return Request(path="/2/tweets/{id}", args={"id": key["id"]}, params=params)


def _hide(key: Key, changes: Record, version: str | None, context: Context) -> Request:
    """Raises UsageError for anything but hidden, true or false."""
    hidden: JSON = changes.get("hidden")
    if not isinstance(hidden, bool):
        raise UsageError("of an answer only hidden can be written, as true or false")
    return Request(method="PUT", path="/2/tweets/{id}/hidden", args={"id": key["id"]}, json={"hidden": hidden})


POST_WRITE: Final = Write(
    writable=_WRITABLE,
    create=_create,
    delete=_delete,
    read=_read,
    record_of=lambda response: response.raw("data"),
    created=lambda response: {"id": str(response.get("data/id"))},
    scopes=("tweet.read", "tweet.write", "users.read"),
    about="Self-serve apps answer only those who mention or quote the account, and never quote. Each post is paid for.",
)
HIDING: Final = Write(
    writable=("hidden",),
    update=_hide,
    read=_read,
    record_of=lambda response: response.raw("data"),
    scopes=("tweet.moderate.write", "tweet.read", "users.read"),
    about="Answers in conversations that the account began; no reply tells which are hidden.",
)
