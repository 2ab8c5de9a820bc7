"""Posts and comments: what they are, and how they are written.

https://learn.microsoft.com/en-us/linkedin/marketing/community-management/shares/posts-api
https://learn.microsoft.com/en-us/linkedin/marketing/community-management/shares/comments-api
There is no key that makes a create safe to repeat, and no precondition: the time of the last change is compared before
an update. What a create made is told in a header. After a create without an answer, the author's newest posts are
looked at before it is tried again. A delete is the same when repeated.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote

from connectors.sdk.restli import DELETE, PARTIAL_UPDATE
from connectors.sdk.writing import Key, Record, Write, body_of
from core.errors import UsageError
from core.http import JSON, Request, Response
from core.model import Column, Context

POSTS: Final = "/rest/posts"
_POST: Final = f"{POSTS}/{{id}}"
COMMENTS: Final = "/rest/socialActions/{urn}/comments"
MARK: Final = "inside_of"
"""The member that tells by which URN a record was asked for: comments name an activity instead of the post."""

POST_COLUMNS: Final = (
    Column(name="id", required=True, pattern=r"urn:li:\w+:.+", about="A share or a ugcPost, as a URN."),
    Column(name="organization_id", path="@parent/id", type="integer", about="The Page that published it."),
    Column(name="author", about="The URN of the organization, or of a member."),
    Column(name="commentary", about="The text, with backslashes before what LinkedIn reserves."),
    Column(name="visibility"),
    Column(name="feed_distribution", path="distribution/feedDistribution"),
    Column(name="lifecycle_state", path="lifecycleState"),
    Column(name="is_edited", path="lifecycleStateInfo/isEditedByAuthor", type="boolean"),
    Column(name="is_reshare_disabled", path="isReshareDisabledByAuthor", type="boolean"),
    Column(name="created_at", path="createdAt", type="epoch_ms"),
    Column(name="published_at", path="publishedAt", type="epoch_ms"),
    Column(name="last_modified_at", path="lastModifiedAt", type="epoch_ms"),
    Column(name="media_id", path="content/media/id", about="The URN of an image, video or document."),
    Column(name="media_title", path="content/media/title"),
    Column(name="media_alt_text", path="content/media/altText"),
    Column(name="article_url", path="content/article/source"),
    Column(name="article_title", path="content/article/title"),
    Column(name="article_description", path="content/article/description"),
    Column(name="images", path="content/multiImage/images", type="json"),
    Column(name="poll_question", path="content/poll/question"),
    Column(name="poll_options", path="content/poll/options", type="json"),
    Column(name="reshare_of", path="reshareContext/parent", about="The post that this one shares."),
    Column(name="reshare_root", path="reshareContext/root"),
    Column(name="landing_page", path="contentLandingPage"),
    Column(name="call_to_action", path="contentCallToActionLabel"),
    Column(name="ad_context", path="adContext", type="json"),
)
COMMENT_COLUMNS: Final = (
    Column(name="object", required=True, about="The activity that is commented on, as LinkedIn names it."),
    Column(name="id", required=True),
    Column(name="comment_urn", path="commentUrn"),
    Column(name="commented_on", path=MARK, about="The id of the post, or the URN of the comment that is answered."),
    Column(name="parent_comment", path="parentComment", about="The URN of the comment that this one answers."),
    Column(name="organization_id", path="@parent/id", type="integer", about="The Page whose post it is."),
    Column(name="actor", about="The URN of the member or organization that commented."),
    Column(name="text", path="message/text"),
    Column(name="mentions", path="message/attributes", type="json"),
    Column(name="content", type="json", about="Pictures."),
    Column(name="created_at", path="created/time", type="epoch_ms"),
    Column(name="last_modified_at", path="lastModified/time", type="epoch_ms"),
    Column(name="like_count", path="likesSummary/aggregatedTotalLikes", type="integer", minimum=0),
    Column(name="reply_count", path="commentsSummary/aggregatedTotalComments", type="integer", minimum=0),
)
_AT_CREATION: Final = ("author", "visibility", "feed_distribution", "is_reshare_disabled")
_MEDIA: Final = ("media_id", "media_title", "media_alt_text")
_ARTICLE: Final = ("article_url", "article_title", "article_description")
_CHANGEABLE: Final = ("commentary", "lifecycle_state", "landing_page", "call_to_action", "ad_context")

# https://learn.microsoft.com/en-us/linkedin/marketing/community-management/shares/little-text-format
_RESERVED: Final = re.compile(r"[\\|{}@\[\]()<>#*_~]")
_ESCAPED: Final = re.compile(r"\\(?=[\\|{}@\[\]()<>#*_~])(.)")
_TEMPLATE: Final = re.compile(r"(\{hashtag\|\\?#\|[^{}|]+\}|@\[[^\]]+\]\(urn:li:[^()]+\))")


def little(text: str) -> str:
    """The text as LinkedIn reads it: reserved characters behind a backslash, mentions and hashtags in their own form
    left alone. What is in that form already stays as it is."""
    return "".join(
        part if number % 2 else _escaped(part)  # the templates stand at the odd places
        for number, part in enumerate(_TEMPLATE.split(text))
    )


def _escaped(text: str) -> str:
    again = _RESERVED.sub(r"\\\g<0>", _ESCAPED.sub(r"\1", text))
    return text if text == again else _RESERVED.sub(r"\\\g<0>", text)


def organization_of(context: Context) -> str:
    """The URN of the Page that is meant: the one read for, else the only one there is; empty where there are more."""
    if context.parent is not None:
        return f"urn:li:organization:{context.parent['id']}"
    return str(context.settings.get("organization") or "")


def _content(record: Record) -> Record:
    told = dict(record)
    if isinstance(told.get("commentary"), str):
        told["commentary"] = little(str(told["commentary"]))
    return told


def _create_post(record: Record, context: Context) -> Request:
    """Raises UsageError where nothing says who posts."""
    author = record.get("author") or organization_of(context)
    if not author:
        raise UsageError("a post needs its author", advice="Give author, such as urn:li:organization:123.")
    whole: dict[str, JSON] = {
        "visibility": "PUBLIC",
        "feed_distribution": "MAIN_FEED",
        "lifecycle_state": "PUBLISHED",
        "is_reshare_disabled": False,
        "commentary": "",
        **{name: value for name, value in _content(record).items() if value is not None},
        "author": author,
    }
    body = body_of(POST_COLUMNS, whole)
    body["distribution"] |= {"targetEntities": [], "thirdPartyDistributionChannels": []}
    return Request(method="POST", path=POSTS, json=body, repeatable=False)


def _update_post(key: Key, changes: Record, version: str | None, context: Context) -> Request:
    """Raises UsageError for what is set for good when a post is created."""
    settled = [name for name in changes if name not in _CHANGEABLE]
    if settled:
        raise UsageError(
            f"of a post that exists these cannot be changed: {', '.join(settled)}",
            advice=f"LinkedIn changes {', '.join(_CHANGEABLE)}.",
        )
    set_to = body_of(POST_COLUMNS, {name: value for name, value in _content(changes).items() if value is not None})
    gone = [*body_of(POST_COLUMNS, {name: None for name, value in changes.items() if value is None})]
    patch: dict[str, JSON] = {**({"$set": set_to} if set_to else {}), **({"$delete": [*gone]} if gone else {})}
    return Request(method="POST", path=_POST, args={"id": key["id"]}, json={"patch": patch}, headers=PARTIAL_UPDATE)


def _new_id(response: Response) -> str:
    """What was created, which only a header tells, perhaps percent-encoded."""
    told = (response.headers.get(name, "") for name in ("x-restli-id", "x-linkedin-id"))
    return unquote(next((one for one in told if one), "")) or str(response.get("id", ""))


POST_WRITE: Final = Write(
    writable=(*_AT_CREATION, *_MEDIA, *_ARTICLE, *_CHANGEABLE),
    create=_create_post,
    update=_update_post,
    delete=lambda key, version, context: Request(method="DELETE", path=_POST, args={"id": key["id"]}, headers=DELETE),
    read=lambda key, context: Request(path=_POST, args={"id": key["id"]}),
    created=lambda response: {"id": _new_id(response)},
    version_of=lambda response: _text(response.get("lastModifiedAt")),
    control="compare",
    scopes=("w_organization_social",),
    about="What LinkedIn reserves in texts is escaped. Only " + ", ".join(_CHANGEABLE) + " can be changed later.",
)


# Comments


def comment_key(urn: str) -> dict[str, str]:
    """The key of a comment by its URN, `urn:li:comment:(urn:li:activity:1,2)`; empty for any other text."""
    found = re.fullmatch(r"urn:li:comment:\((.+),([^,()]+)\)", urn)
    return {"object": found[1], "id": found[2]} if found else {}


def _actor(of: Mapping[str, JSON], context: Context) -> str:
    """Raises UsageError where it is not known in whose name a comment is written."""
    actor = of.get("actor") or organization_of(context)
    if not actor:
        raise UsageError("a comment needs the one who writes it", advice="Give actor, such as urn:li:organization:123.")
    return str(actor)


def _create_comment(record: Record, context: Context) -> Request:
    """Raises UsageError where nothing says what is commented on."""
    answered, thing = record.get("parent_comment"), record.get("object") or record.get("commented_on")
    told = comment_key(str(answered)) if answered else {}
    thing = thing or told.get("object")
    if not thing:
        raise UsageError("a comment needs what it is a comment on", advice="Give commented_on, the id of a post.")
    body: dict[str, JSON] = {"actor": _actor(record, context), "object": thing, "message": {"text": record["text"]}}
    if answered:
        body["parentComment"] = answered
    urn = str(answered or record.get("commented_on") or thing)
    return Request(method="POST", path=COMMENTS, args={"urn": urn}, json=body, repeatable=False)


def _of_comment(method: str, key: Key, params: Mapping[str, str], **more: JSON) -> Request:
    headers = {"GET": {}, "POST": PARTIAL_UPDATE, "DELETE": DELETE}[method]
    return Request(
        method=method,
        path=f"{COMMENTS}/{{id}}",
        args={"urn": key["object"], "id": key["id"]},
        params=params,
        json=more or None,
        headers=headers,
    )


def _update_comment(key: Key, changes: Record, version: str | None, context: Context) -> Request:
    """Raises UsageError for anything but the text."""
    if changes.keys() != {"text"}:
        raise UsageError("of a comment only its text can be changed", advice="Write a new comment instead.")
    patch: JSON = {"message": {"$set": {"text": changes["text"]}}}
    return _of_comment("POST", key, {"actor": _actor(key, context)}, patch=patch)


def _created_comment(response: Response) -> dict[str, str]:
    number = _new_id(response)
    found = comment_key(str(response.get("commentUrn", ""))) or comment_key(number)
    return found or {"object": str(response.get("object", "")), "id": number}


def _text(value: object) -> str | None:
    return None if value is None else str(value)


COMMENT_WRITE: Final = Write(
    writable=("object", "commented_on", "parent_comment", "actor", "text"),
    create=_create_comment,
    update=_update_comment,
    delete=lambda key, version, context: _of_comment("DELETE", key, {"actor": _actor(key, context)}),
    read=lambda key, context: _of_comment("GET", key, {}),
    created=_created_comment,
    version_of=lambda response: _text(response.get("lastModified/time")),
    control="compare",
    scopes=("w_organization_social_feed",),
    about="In the name of the Page (actor). Only the text can be changed later.",
)
