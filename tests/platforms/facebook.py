from __future__ import annotations

from sandbox.facebook.content import PAGE_ID
from tests.platforms.told import Told
from tests.spec.graph import Graph
from tests.spec.judging import Judge

_MOVES = "the last four weeks are read again at each sync, everything once a week"
_POSTS = "/v26.0/{page_id}/published_posts"
_BY_ID = "single objects, which no stream asks for by their id"

TOLD = Told(
    settings={"page_id": "19292868552"},
    unresolved={"posts": {"scheduled_at": "only posts that wait to be published have it"}},
    states=({}, {"inside": ["19292868552_10158407654328553"]}),
    leading={"comments": _POSTS, "reactions": _POSTS},
    moving={"posts": _MOVES, "comments": _MOVES, "reactions": _MOVES},
    paths={
        "python-facebook/pages/single_fields_page.json": "/v26.0/20531316728",
        "python-facebook/pages/single_default_page.json": "/v26.0/20531316728",
    },
    records={
        "python-facebook/base/full_connecions_p1.json": ("posts", "data"),
        "python-facebook/base/full_connecions_p2.json": ("posts", "data"),
        "python-facebook/comments/comment_info.json": ("comments", ""),
        "python-facebook/comments/create_resp.json": ("comments", ""),
        "python-facebook/conversations/cvs_info.json": ("conversations", ""),
        "python-facebook/likes/likes_resp.json": ("reactions", "data"),
        "python-facebook/posts/feed_fields_p1.json": ("posts", "data"),
        "python-facebook/posts/feed_fields_p2.json": ("posts", "data"),
        "python-facebook/posts/feeds_default_fields_p1.json": ("posts", "data"),
        "python-facebook/posts/feeds_default_fields_p2.json": ("posts", "data"),
        "python-facebook/posts/single_post_data.json": ("posts", ""),
        "python-facebook/posts/single_post_data_fields.json": ("posts", ""),
    },
    unread={
        "python-facebook/applications/application_accounts.json": "data that no stream reads",
        "python-facebook/applications/application_info.json": "data that no stream reads",
        "python-facebook/base/connecion_data.json": "data that no stream reads",
        "python-facebook/base/long_term_token.json": "a token, read by the test of signing in",
        "python-facebook/base/object_data.json": _BY_ID,
        "python-facebook/base/object_default.json": _BY_ID,
        "python-facebook/base/token_info.json": "what a token is, which would stand in the address of the call",
        "python-facebook/base/user_accounts_token.json": "the Pages of a person, read by the test of signing in",
        "python-facebook/comments/comments_info.json": _BY_ID,
        "python-facebook/comments/comments_p1.json": "comments without their ids",
        "python-facebook/comments/comments_p2.json": "comments without their ids",
        "python-facebook/conversations/cvses_info.json": _BY_ID,
        "python-facebook/messages/message_info.json": "data that no stream reads",
        "python-facebook/messages/messages_info.json": "data that no stream reads",
        "python-facebook/pages/multi_default_fields.json": _BY_ID,
        "python-facebook/pages/multi_pages.json": _BY_ID,
        "python-facebook/pages/search_pages.json": "data that no stream reads",
        "python-facebook/photos/photo_info_default.json": "data that no stream reads",
        "python-facebook/photos/photo_info_fields.json": "data that no stream reads",
        "python-facebook/photos/photos_info_default.json": "data that no stream reads",
        "python-facebook/photos/photos_info_fields.json": "data that no stream reads",
        "python-facebook/photos/photos_p1.json": "data that no stream reads",
        "python-facebook/photos/photos_p2.json": "data that no stream reads",
        "python-facebook/posts/multi_posts_data.json": _BY_ID,
        "python-facebook/posts/multi_posts_data_fields.json": _BY_ID,
        "python-facebook/users/user.json": "data that no stream reads",
        "python-facebook/users/user_accounts_p1.json": "the Pages of a person, read by the test of signing in",
        "python-facebook/users/user_accounts_p2.json": "the Pages of a person, read by the test of signing in",
        "python-facebook/users/user_businesses.json": "data that no stream reads",
        "python-facebook/users/users_default.json": "data that no stream reads",
        "python-facebook/users/users_fields.json": "data that no stream reads",
        "python-facebook/videos/video_info_default.json": "data that no stream reads",
        "python-facebook/videos/video_info_fields.json": "data that no stream reads",
        "python-facebook/videos/videos_info_default.json": "data that no stream reads",
        "python-facebook/videos/videos_info_fields.json": "data that no stream reads",
        "python-facebook/videos/videos_p1.json": "data that no stream reads",
        "python-facebook/videos/videos_p2.json": "data that no stream reads",
    },
    refused={
        "python-facebook/base/error.json": "credential rejected",
        "python-facebook/base/error_data.json": "scope missing",
    },
    judge=Judge(
        document=Graph(
            folders=("facebook",),
            kinds={
                r"me/accounts": "User",
                rf"(me|{PAGE_ID})(/\w+)?": "Page",
                rf"{PAGE_ID}_\d+(/\w+)?": "PagePost",
                r"\d+_\d+(/\w+)?": "Comment",
            },
        ),
        undeclared={r"POST /v26.0/oauth/access_token": "the token endpoint is told in the guide of Facebook Login"},
        excused={r"\btasks\b": "recorded with the Pages of a person, and missing in the list of a Page's fields"},
    ),
)
