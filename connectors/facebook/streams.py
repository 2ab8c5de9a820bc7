"""What is read of a Page: itself with its counters, posts, comments, reactions, what visitors post, conversations."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from connectors.facebook.writes import (
    COMMENT_COLUMNS,
    COMMENT_FIELDS,
    COMMENT_WRITE,
    POST_COLUMNS,
    POST_FIELDS,
    POST_WRITE,
)
from connectors.sdk.base import Parent
from connectors.sdk.edges import LIMIT, edge_stream, next_cursor, node_stream, optional
from connectors.sdk.meta import ID, graph, page_request
from connectors.sdk.streams import value_of
from connectors.sdk.timelines import recent_first
from core.http import Params, Request
from core.model import Column, Context

_SETTLES: Final = timedelta(days=28)
_ANEW: Final = timedelta(days=7)
_READABLE: Final = 500  # posts: safely below the 600 of one year that can be listed
_PAGE_FIELDS: Final = (
    "id,name,username,about,description,category,link,website,verification_status,is_published,fan_count,"
    "followers_count,talking_about_count,were_here_count,rating_count,overall_star_rating"
)


def _of_page(edge: str, context: Context, params: Params) -> Request:
    page = {"page_id": str(context.settings["page_id"])}
    return Request(path=graph(f"/{{page_id}}/{edge}"), args=page, params={"limit": LIMIT, **params})


def _of_post(edge: str, context: Context, params: Params) -> Request:
    assert context.parent is not None
    post = {"post_id": str(context.parent["id"])}
    return optional(Request(path=graph(f"/{{post_id}}/{edge}"), args=post, params={"limit": LIMIT, **params}))


def _updated(record: bytes) -> datetime:
    return datetime.fromisoformat(str(value_of(record, "updated_time")))


PAGE: Final = node_stream(
    name="page",
    ask=lambda context: page_request(context.settings, _PAGE_FIELDS),
    columns=(
        Column(name="id", required=True, pattern=ID),
        Column(name="name", required=True),
        Column(name="username"),
        Column(name="about"),
        Column(name="description"),
        Column(name="category"),
        Column(name="link"),
        Column(name="website"),
        Column(name="verification_status"),
        Column(name="is_published", type="boolean"),
        Column(name="fan_count", type="integer", minimum=0, about="Likes of the Page."),
        Column(name="followers_count", type="integer", minimum=0),
        Column(name="talking_about_count", type="integer", minimum=0),
        Column(name="were_here_count", type="integer", minimum=0),
        Column(name="rating_count", type="integer", minimum=0),
        Column(name="overall_star_rating", type="number", minimum=0, maximum=5),
    ),
    scopes=("pages_read_engagement",),
    about="The Page itself, with its counters, day by day.",
)
POSTS: Final = edge_stream(
    name="posts",
    ask=lambda context: _of_page("published_posts", context, {"fields": POST_FIELDS}),
    columns=POST_COLUMNS,
    settles=_SETTLES,
    forget_after=_ANEW,
    readable=_READABLE,
    sweep=True,
    scopes=("pages_read_engagement",),
    write=POST_WRITE,
    about="What the Page published.",
)
COMMENTS: Final = edge_stream(
    name="comments",
    # Without the filter, answers to comments are left out.
    ask=lambda context: _of_post(
        "comments", context, {"filter": "stream", "order": "chronological", "fields": COMMENT_FIELDS}
    ),
    columns=COMMENT_COLUMNS,
    parent=Parent(stream="posts", columns=("id",)),
    settles=_SETTLES,
    forget_after=_ANEW,
    sweep=True,
    scopes=("pages_read_engagement", "pages_read_user_content"),
    write=COMMENT_WRITE,
    about="Comments on the Page's posts, and answers to them.",
)
REACTIONS: Final = edge_stream(
    name="reactions",
    ask=lambda context: _of_post("reactions", context, {"fields": "id,name,type"}),
    columns=(
        Column(name="post_id", path="@parent/id", required=True),
        Column(name="id", required=True, about="Of the person, for this Page alone."),
        Column(name="name", about="Left out where the person does not let the app see it."),
        Column(name="type", about="LIKE, LOVE, WOW, HAHA, SAD, ANGRY, CARE and what may come."),
    ),
    key=("post_id", "id"),
    parent=Parent(stream="posts", columns=("id",)),
    sweep=True,
    scopes=("pages_read_engagement",),
    about="Who reacted to the Page's posts, and how.",
)
VISITOR_POSTS: Final = edge_stream(
    name="visitor_posts",
    ask=lambda context: _of_page(
        "visitor_posts", context, {"fields": "id,message,from,created_time,updated_time,permalink_url,is_hidden"}
    ),
    columns=(
        Column(name="id", required=True),
        Column(name="message"),
        Column(name="from_id", path="from/id"),
        Column(name="from_name", path="from/name"),
        Column(name="created_at", path="created_time", type="timestamp"),
        Column(name="updated_at", path="updated_time", type="timestamp"),
        Column(name="permalink_url"),
        Column(name="is_hidden", type="boolean"),
    ),
    settles=_SETTLES,
    forget_after=_ANEW,
    readable=_READABLE,
    sweep=True,
    scopes=("pages_read_engagement", "pages_read_user_content"),
    about="What others posted on the Page.",
)
# The right to read messages is asked for with nobody's consent, as few apps are given it.
CONVERSATIONS: Final = recent_first(
    name="conversations",
    ask=lambda context: _of_page(
        "conversations",
        context,
        {"fields": "id,link,updated_time,snippet,message_count,unread_count,can_reply,participants"},
    ),
    records="data",
    columns=(
        Column(name="id", required=True),
        Column(name="link"),
        Column(name="snippet", about="The beginning of the latest message."),
        Column(name="message_count", type="integer", minimum=0),
        Column(name="unread_count", type="integer", minimum=0),
        Column(name="can_reply", type="boolean"),
        Column(name="participants", path="participants/data", type="json"),
        Column(name="updated_at", path="updated_time", type="timestamp"),
    ),
    time=_updated,
    next_token=lambda response, records: next_cursor(response),
    token_param="after",
    settles=timedelta(days=1),
    methods=("page_token",),
    scopes=("pages_messaging",),
    about="Conversations in the Page's inbox, where the token has the right to read them.",
)
