"""X (Twitter), API version 2.

Quirks, and where they are told:
- Timelines come newest first and end at the latest 3,200 posts or 800 mentions; ids are 64-bit numbers sent as text.
  https://docs.x.com/x-api/posts/timelines/introduction
- Deletions never show, and old posts fall out of sight: a post that is not seen is not therefore gone. Counters of
  posts move for days, so the posts of the last week are read again at each sync.
- Missing values are left out, also the whole `data` of an empty page. A 200 may carry errors about single records
  beside its data; only an error about what was asked for itself fails the call.
- Reads cost money: 402 and "usage-capped" mean that it is used up, and waiting does not help.
  https://docs.x.com/x-api/getting-started/pricing
- In 2026 the parameter `tweet.fields` and some fields got new names (`post.fields`, `repost_count`): the setting
  `fields_parameter` chooses the parameter, and both names of a field have a column.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

from connectors.sdk.auth import ApiKey, Field, OAuth2, Settings
from connectors.sdk.base import Connector, Stream, Version
from connectors.sdk.limits import counted_headers, path_limit, per_path
from connectors.sdk.oauth2 import TOKEN_ERRORS
from connectors.sdk.streams import at, newest_first, object_stream, token_stream
from core.classify import Disposition, ErrorRule
from core.http import Params, Request, Response
from core.model import Column, Context
from core.pacing import RateLimit

VERSION: Final = Version(name="2", read=date(2026, 11, 23))
_ID: Final = r"[0-9]{1,19}"
_SNOWFLAKE_EPOCH_MS: Final = 1_288_834_974_657
_COUNTERS_MOVE: Final = timedelta(days=7)
_WINDOW: Final = 15 * 60.0
_USER_FIELDS: Final = (
    "created_at,description,location,profile_image_url,protected,public_metrics,url,verified,verified_type"
)
_POST_FIELDS: Final = "author_id,conversation_id,created_at,in_reply_to_user_id,lang,public_metrics"


def first_id_after(moment: datetime) -> int:
    """The smallest id that a post of this moment can have: ids begin with the milliseconds since X's epoch."""
    return (int(moment.timestamp() * 1000) - _SNOWFLAKE_EPOCH_MS) << 22


def _whoami(settings: Settings) -> Request:
    # An app's own token is nobody's: it reads the account whose name the person gave.
    name = settings.get("username")
    fields = {"user.fields": _USER_FIELDS}
    if name:
        return Request(path="/2/users/by/username/{username}", args={"username": str(name)}, params=fields)
    return Request(path="/2/users/me", params=fields)


def _of_user(kind: str, context: Context, params: Params) -> Request:
    user = {"user_id": str(context.settings["user_id"])}
    return Request(path=f"/2/users/{{user_id}}/{kind}", args=user, params=params)


def _timeline(kind: str, context: Context) -> Request:
    fields = str(context.settings.get("fields_parameter") or "tweet.fields")
    return _of_user(kind, context, {"max_results": 100, fields: _POST_FIELDS})


def _count(name: str) -> Column:
    return Column(name=name, path=f"public_metrics/{name}", type="integer", minimum=0)


_USER: Final = (
    Column(name="id", required=True, pattern=_ID),
    Column(name="username", required=True),
    Column(name="name"),
    Column(name="description"),
    Column(name="location"),
    Column(name="url"),
    Column(name="profile_image_url"),
    Column(name="verified", type="boolean"),
    Column(name="verified_type"),
    Column(name="protected", type="boolean"),
    Column(name="created_at", type="timestamp"),
    _count("followers_count"),
    _count("following_count"),
    _count("listed_count"),
    _count("tweet_count"),
    _count("post_count"),
    _count("like_count"),
)
_POST: Final = (
    Column(name="id", required=True, pattern=_ID),
    Column(name="text", required=True),
    Column(name="author_id", pattern=_ID),
    Column(name="conversation_id", pattern=_ID),
    Column(name="in_reply_to_user_id", pattern=_ID),
    Column(name="lang"),
    Column(name="created_at", type="timestamp"),
    _count("retweet_count"),
    _count("repost_count"),
    _count("reply_count"),
    _count("like_count"),
    _count("quote_count"),
    _count("bookmark_count"),
    _count("impression_count"),
    Column(name="edit_history_tweet_ids", type="json"),
    Column(name="edit_history_post_ids", type="json"),
)


def _posts(kind: str, about: str, *, counters_move: bool) -> Stream:
    return newest_first(
        name=kind,
        ask=lambda context: _timeline("tweets" if kind == "posts" else kind, context),
        records="data",
        next_token=at("meta/next_token"),
        token_param="pagination_token",
        since_param="since_id",
        settled=(lambda now: first_id_after(now - _COUNTERS_MOVE)) if counters_move else None,
        columns=_POST,
        scopes=("tweet.read", "users.read"),
        about=about,
    )


ACCOUNT: Final = object_stream(
    name="account",
    ask=lambda context: _whoami(context.settings),
    record="data",
    columns=_USER,
    scopes=("tweet.read", "users.read"),
    about="The account itself, with its counters, day by day.",
)
POSTS: Final = _posts("posts", "What the account posted.", counters_move=True)
# Not read again: each mention read is paid for at the full price, the account's own posts at a fraction of it.
MENTIONS: Final = _posts("mentions", "Posts that mention the account.", counters_move=False)
FOLLOWERS: Final = token_stream(
    name="followers",
    ask=lambda context: _of_user("followers", context, {"max_results": 1000, "user.fields": _USER_FIELDS}),
    records="data",
    next_token=at("meta/next_token"),
    token_param="pagination_token",
    empty_count="meta/result_count",
    columns=_USER,
    scopes=("follows.read", "tweet.read", "users.read"),
    about="Who follows the account.",
)


def _discover(response: Response) -> Settings:
    return {"account": f"@{response.get('data/username')}", "user_id": response.get("data/id")}


CONNECTOR: Final = Connector(
    name="x",
    title="X",
    category="social",
    base_url="https://api.x.com",
    hosts=("api.x.com",),
    auth=(
        # https://docs.x.com/fundamentals/authentication/oauth-2-0/authorization-code
        OAuth2(
            authorize_url="https://x.com/i/oauth2/authorize",
            token_url="https://api.x.com/2/oauth2/token",
            scopes=("tweet.read", "users.read", "follows.read", "offline.access"),
            fields=(
                Field(
                    name="client_id",
                    title="OAuth 2.0 client ID",
                    secret=False,
                    pattern=r"[A-Za-z0-9_=\-]{20,}",
                    help="In the developer console: Keys and tokens > OAuth 2.0. Not the API key.",
                ),
                Field(
                    name="client_secret",
                    title="OAuth 2.0 client secret",
                    pattern=r"[A-Za-z0-9_=\-]{20,}",
                    optional=True,
                    help="Only confidential clients (web apps, automated apps) have one; else leave it empty.",
                ),
            ),
            client_auth="basic",
            # Observed by many clients: a refresh token works once.
            rotates=True,
        ),
        ApiKey(
            name="app_bearer",
            title="Bearer token of an app, for public data",
            fields=(
                Field(
                    name="token",
                    title="Bearer token",
                    pattern=r"A{20,}[A-Za-z0-9%]{60,}",
                    help="In the developer console: Keys and tokens > Bearer token. It begins with a row of A.",
                ),
                Field(
                    name="username",
                    title="Username",
                    secret=False,
                    pattern=r"[A-Za-z0-9_]{1,15}",
                    help="The account to read, without the @.",
                ),
            ),
        ),
    ),
    probe=lambda method, settings: _whoami(settings),
    discover=_discover,
    streams=(ACCOUNT, POSTS, MENTIONS, FOLLOWERS),
    rate_limit=RateLimit(
        # Published, the lower of app and user: https://docs.x.com/x-api/fundamentals/rate-limits
        limits=(
            path_limit("GET /2/users/me", requests=75, seconds=_WINDOW),
            path_limit("GET /2/users/by/username/{username}", requests=300, seconds=_WINDOW),
            path_limit("GET /2/users/{user_id}/tweets", requests=900, seconds=_WINDOW),
            path_limit("GET /2/users/{user_id}/mentions", requests=300, seconds=_WINDOW),
            path_limit("GET /2/users/{user_id}/followers", requests=300, seconds=_WINDOW),
        ),
        dialect=counted_headers(
            remaining="x-rate-limit-remaining", reset="x-rate-limit-reset", form="epoch seconds", bucket=per_path
        ),
        concurrency=4,
    ),
    # https://docs.x.com/x-api/fundamentals/response-codes-and-errors. The host in `type` is x.com or twitter.com.
    errors=(
        *TOKEN_ERRORS,
        # The token endpoint answers so to a refresh token that was used before.
        ErrorRule(disposition=Disposition.CREDENTIAL_REJECTED, status=400, path="error", equals="invalid_request"),
        ErrorRule(
            disposition=Disposition.QUOTA_EXHAUSTED,
            status=402,
            advice="The credits are used up: add some in X's developer console, or wait for the next billing cycle.",
        ),
        ErrorRule(
            disposition=Disposition.QUOTA_EXHAUSTED,
            status=429,
            path="type",
            contains="/usage-capped",
            advice="The plan's posts are used up until its next cycle: see Usage in X's developer console.",
        ),
        ErrorRule(disposition=Disposition.REFRESH_TOKEN, status=(401, 403), path="errors/*/code", equals=89),
        ErrorRule(disposition=Disposition.FAIL, status=403, path="detail", contains="duplicate content"),
        ErrorRule(disposition=Disposition.FAIL, status=403, path="detail", contains="not permitted to perform"),
        ErrorRule(
            disposition=Disposition.SCOPE_MISSING,
            status=403,
            path="type",
            contains="/unsupported-authentication",
            advice="A bearer token of an app cannot read this: connect with OAuth 2.0 instead.",
        ),
        ErrorRule(
            disposition=Disposition.SCOPE_MISSING,
            status=403,
            path="type",
            contains="/client-forbidden",
            advice="The app is not enrolled: attach it to a project in X's developer console.",
        ),
        # A page token or an id that X does not take any more.
        ErrorRule(disposition=Disposition.RESET_STATE, status=400, path="errors/*/parameters/pagination_token"),
        ErrorRule(disposition=Disposition.RESET_STATE, status=400, path="errors/*/parameters/since_id"),
        # Errors about the account that was asked for; those about single records name other parameters.
        ErrorRule(
            disposition=Disposition.FAIL,
            status=200,
            path="errors/*/parameter",
            equals="username",
            advice="There is no account of that name: connect {name} again with the right one.",
        ),
        ErrorRule(
            disposition=Disposition.FAIL,
            status=200,
            path="errors/*/parameter",
            equals="id",
            advice="The account is protected, suspended or gone.",
        ),
        ErrorRule(disposition=Disposition.RETRY, path="type", contains="/internal-error"),
    ),
    version=VERSION,
    unverified=(
        "Which field names the live API enforces since specification 2.167; the setting `fields_parameter` chooses.",
        "That refresh tokens work once: the new one is saved before it is used.",
        "Bodies of 429 and the 24-hour limit headers: status and the three `x-rate-limit` headers are what counts.",
    ),
    docs="https://docs.x.com/x-api/introduction",
)
