from __future__ import annotations

from tests.platforms.told import Told
from tests.spec.judges import Specified
from tests.spec.judging import Judge

TOLD = Told(
    settings={"user_id": "1"},
    unresolved={
        "account": {"post_count": "the name of 2026, sent where the setting `fields_parameter` asks for it"},
        "followers": {"post_count": "the name of 2026, sent where the setting `fields_parameter` asks for it"},
        "posts": {
            "repost_count": "the name of 2026, sent where the setting `fields_parameter` asks for it",
            "edit_history_post_ids": "the name of 2026, sent where the setting `fields_parameter` asks for it",
        },
        "mentions": {
            "repost_count": "the name of 2026, sent where the setting `fields_parameter` asks for it",
            "edit_history_post_ids": "the name of 2026, sent where the setting `fields_parameter` asks for it",
        },
    },
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
