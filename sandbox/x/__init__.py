"""X API v2: the account and its posts, mentions, replies, followers, direct messages; posting, editing, hiding.

Sources: docs.x.com at 2026-08, OpenAPI 2.159 (classic names) and 2.167 (renamed), tweepy's recordings.
"""

from __future__ import annotations

from sandbox.credentials import Credential
from sandbox.platform import Platform, Route
from sandbox.samples import SAMPLES
from sandbox.world import World
from sandbox.x.content import Content
from sandbox.x.reads import Reads, answering
from sandbox.x.webhooks import delivers
from sandbox.x.writes import Writes
from sandbox.x_api import (
    APP_ONLY,
    CONSUMER,
    HOSTS,
    PUBLIC_CLIENT,
    limit_headers,
    oauth_of,
    of_app,
    of_either,
    of_user,
    problems,
    windows,
)


def build(world: World) -> Platform:
    content = Content(world)
    reads, writes = Reads(content), Writes(content)
    public = of_either("tweet.read", "users.read")
    may_write = of_user("tweet.write", "tweet.read", "users.read")
    routes = (
        Route("GET", "/2/users/me", answering(reads.me), scopes=of_user("tweet.read", "users.read")),
        Route("GET", "/2/users/by/username/{username}", answering(reads.by_username), scopes=public),
        Route("GET", "/2/users/{id}", answering(reads.by_id), scopes=public),
        Route("GET", "/2/users/{id}/tweets", answering(reads.tweets), scopes=public),
        Route("GET", "/2/users/{id}/mentions", answering(reads.mentions), scopes=public),
        Route(
            "GET",
            "/2/users/{id}/followers",
            answering(reads.followers),
            scopes=of_either("follows.read", "tweet.read", "users.read"),
        ),
        Route("GET", "/2/dm_events", answering(reads.messages), scopes=of_user("dm.read", "tweet.read", "users.read")),
        Route("GET", "/2/usage/tweets", answering(reads.usage), scopes=of_app),
        Route("GET", "/2/tweets/search/recent", answering(reads.search), scopes=public),
        Route("GET", "/2/tweets", answering(reads.lookup), scopes=public),
        Route("GET", "/2/tweets/{id}", answering(reads.one), scopes=public),
        Route("POST", "/2/tweets", writes.create, scopes=may_write),
        Route("DELETE", "/2/tweets/{id}", writes.delete, scopes=may_write),
        Route(
            "PUT",
            "/2/tweets/{tweet_id}/hidden",
            writes.hide,
            scopes=of_user("tweet.moderate.write", "tweet.read", "users.read"),
        ),
    )
    bearer = Credential(
        platform="x", kind=APP_ONLY, secret=SAMPLES["x"]["app_bearer"]["token"], account=str(content.own_id)
    )
    return Platform(
        slug="x",
        hosts=(*HOSTS, "x.com"),
        routes=routes,
        problems=problems,
        credentials=(bearer,),
        oauth=oauth_of("x", 1, str(content.own_id), PUBLIC_CLIENT, CONSUMER),
        windows=windows,
        window_headers=limit_headers,
        headers=lambda call: {"api-version": "2.159"},
        records=("data",),
        deliver=delivers(content),
    )
