from __future__ import annotations

from tests.platforms.told import Told
from tests.spec.judges import Specified
from tests.spec.judging import Judge

_NEWER = "the name of 2026, sent where the setting `fields_parameter` asks for it"
_NO_SUCH = "nothing of that kind is in the sandbox"
_POST = {
    "repost_count": _NEWER,
    "edit_history_post_ids": _NEWER,
    "referenced_posts": _NEWER,
    "note_post": _NEWER,
    "note_tweet": _NO_SUCH,
    "poll_ids": _NO_SUCH,
    "community_id": _NO_SUCH,
}
_GIVEN = ("answers_id", "quotes_id", "edits_id", "media_ids", "poll_options", "poll_minutes", "made_with_ai")
_ONLY_WRITTEN = "only written, never told"

TOLD = Told(
    settings={"user_id": "1"},
    unresolved={
        "account": {"post_count": _NEWER},
        "followers": {"post_count": _NEWER},
        "posts": {
            **_POST,
            **dict.fromkeys(_GIVEN, _ONLY_WRITTEN),
            "paid_partnership": "told under the newer names alone",
        },
        "mentions": _POST | {"media_keys": _NO_SUCH},
        "replies": _POST | {"media_keys": _NO_SUCH, "hidden": _ONLY_WRITTEN},
        "direct_messages": {"attachments": _NO_SUCH},
    },
    least={"/2/tweets/search/recent": 10},
    paths={
        "pytwitter/apis/timeline/timeline_mentions.json": "/2/users/2244994945/mentions",
        "pytwitter/apis/timeline/timeline_tweets.json": "/2/users/2244994945/tweets",
        "pytwitter/apis/user/followers_resp.json": "/2/users/2244994945/followers",
        "pytwitter/apis/user/me_resp.json": "/2/users/me",
    },
    records={
        "playground/tweets_by_id.json": ("posts", "data"),
        "playground/users_by_id.json": ("followers", "data"),
        "pytwitter/apis/searches/search_tweets_for_nyc.json": ("posts", "data"),
        "pytwitter/apis/searches/search_tweets_query.json": ("posts", "data"),
        "pytwitter/apis/timeline/timeline_reverse_chronological.json": ("posts", "data"),
        "pytwitter/apis/tweet/create_tweet_resp.json": ("posts", "data"),
        "pytwitter/apis/tweet/tweet_liking_users_resp.json": ("followers", "data"),
        "pytwitter/apis/tweet/tweet_quote_tweets_resp.json": ("posts", "data"),
        "pytwitter/apis/tweet/tweet_resp.json": ("posts", "data"),
        "pytwitter/apis/tweet/tweet_retweed_users_resp.json": ("followers", "data"),
        "pytwitter/apis/tweet/tweet_retweet_tweets_resp.json": ("posts", "data"),
        "pytwitter/apis/tweet/tweets_by_user_bookmark.json": ("posts", "data"),
        "pytwitter/apis/tweet/tweets_resp.json": ("posts", "data"),
        "pytwitter/apis/user/blocking_users_list_resp.json": ("followers", "data"),
        "pytwitter/apis/user/following_resp.json": ("followers", "data"),
        "pytwitter/apis/user/muting_resp.json": ("followers", "data"),
        "pytwitter/apis/user/search_users_resp.json": ("followers", "data"),
        "pytwitter/apis/user/user_liked_tweets_resp.json": ("posts", "data"),
        "pytwitter/apis/user/user_resp.json": ("account", "data"),
        "pytwitter/apis/user/users_resp.json": ("followers", "data"),
    },
    unread={
        "playground/activity_stream.json": "a stream that stays open",
        "playground/activity_subscriptions.json": "data that no stream reads",
        "playground/tweets_tweet_id_hidden.json": "an answer to a write, which tells no record",
        "pytwitter/apis/authflow/bearer_token.json": "the token of another grant",
        "pytwitter/apis/authflow/invalidate_token.json": "the token of another grant",
        "pytwitter/apis/tweet/tweets_counts_all_resp.json": "data that no stream reads",
        "pytwitter/apis/tweet/tweets_counts_recent_resp.json": "data that no stream reads",
        "pytwitter/apis/usage/usage_tweets_resp.json": "data that no stream reads",
        "pytwitter/apis/user/block_user_resp.json": "an answer to a write, which tells no record",
        "pytwitter/apis/user/unblock_user_resp.json": "an answer to a write, which tells no record",
        "pytwitter/streams/delete_error.json": "the rules of a stream that stays open",
        "pytwitter/streams/delete_rules.json": "the rules of a stream that stays open",
        "pytwitter/streams/get_rules.json": "the rules of a stream that stays open",
        "pytwitter/streams/post_rules.json": "the rules of a stream that stays open",
    },
    judge=Judge(
        document=Specified(platform="x"),
        undeclared={r"POST /2/oauth2/(token|revoke)": "the token endpoint is told in the OAuth guide"},
    ),
)
