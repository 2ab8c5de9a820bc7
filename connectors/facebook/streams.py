"""What is read of a Page: itself with its counters, posts, comments, reactions, what visitors post, conversations."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from connectors.facebook.writes import (
    COMMENT_COLUMNS,
    COMMENT_FIELDS,
    COMMENT_WRITE,
    POST_COLUMNS,
    POST_FIELDS,
    POST_WRITE,
)
from connectors.sdk.base import Stream
from connectors.sdk.edges import LIMIT, edge_stream, next_cursor, node_stream, optional, shown, too_much
from connectors.sdk.inlined import Found, inlined_stream
from connectors.sdk.meta import ID, graph, page_request
from connectors.sdk.streams import value_of, with_members
from connectors.sdk.timelines import Recency, moment_at, recent_first
from core.http import Params, Request
from core.model import Column, Context

_SETTLES: Final = timedelta(days=28)
_ANEW: Final = timedelta(days=7)
_READABLE: Final = 500  # posts: safely below the 600 of one year that can be listed
_AT_ONCE: Final = 50  # posts with what is inside them
_POST_ID: Final = "post_id"
_PAGE_FIELDS: Final = (
    "id,name,username,about,description,category,link,website,verification_status,is_published,fan_count,"
    "followers_count,talking_about_count,were_here_count,rating_count,overall_star_rating"
)


def _of_page(edge: str, context: Context, params: Params) -> Request:
    page = {"page_id": str(context.settings["page_id"])}
    return Request(path=graph(f"/{{page_id}}/{edge}"), args=page, params={"limit": LIMIT, **params})


def _inside_posts(edge: str, fields: str, most: int, how: Mapping[str, str], **more: Any) -> Stream:
    """What belongs to posts, as far as `most` of each are told with them; posts with more are asked one by one."""
    modifiers = "".join(f".{name}({value})" for name, value in how.items())

    def ask(context: Context) -> Request:
        expanded = f"id,created_time,{edge}{modifiers}.limit({most}){{{fields}}}"
        return _of_page("published_posts", context, {"fields": expanded, "limit": _AT_ONCE})

    def ask_inside(post: str, context: Context) -> Request:
        params: Params = {**how, "fields": fields, "limit": LIMIT}
        return optional(Request(path=graph(f"/{{post_id}}/{edge}"), args={_POST_ID: post}, params=params))

    def inside(post: bytes) -> Found:
        found, identity = shown(post, edge, most), str(value_of(post, "id"))
        return ((), [identity]) if found is None else ([with_members(one, {_POST_ID: identity}) for one in found], ())

    def below(record: bytes, post: str) -> Found:
        return [with_members(record, {_POST_ID: post})], ()

    return inlined_stream(
        name=edge,
        ask=ask,
        ask_inside=ask_inside,
        inside=inside,
        below=below,
        records="data",
        next_token=lambda response, records: next_cursor(response),
        token_param="after",
        time=moment_at("created_time"),
        recency=Recency(settles=_SETTLES, forget_after=_ANEW, readable=_READABLE),
        too_much=too_much,
        sweep=True,
        **more,
    )


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
COMMENTS: Final = _inside_posts(
    "comments",
    COMMENT_FIELDS,
    50,
    {"filter": "stream", "order": "chronological"},  # without the filter, answers to comments are left out
    columns=COMMENT_COLUMNS,
    scopes=("pages_read_engagement", "pages_read_user_content"),
    write=COMMENT_WRITE,
    about="Comments and answers to them: of the posts of four weeks at each sync, of all posts once a week.",
)
REACTIONS: Final = _inside_posts(
    "reactions",
    "id,name,type",
    100,
    {},
    columns=(
        Column(name=_POST_ID),
        Column(name="id", required=True, about="Of the person, for this Page alone."),
        Column(name="name", about="Left out where the person does not let the app see it."),
        Column(name="type", about="LIKE, LOVE, WOW, HAHA, SAD, ANGRY, CARE and what may come."),
    ),
    key=(_POST_ID, "id"),
    scopes=("pages_read_engagement",),
    about="Who reacted how: to the posts of four weeks at each sync, to all posts once a week.",
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
    time=moment_at("updated_time"),
    next_token=lambda response, records: next_cursor(response),
    token_param="after",
    settles=timedelta(days=1),
    methods=("page_token",),
    scopes=("pages_messaging",),
    about="Conversations in the Page's inbox, where the token has the right to read them.",
)
