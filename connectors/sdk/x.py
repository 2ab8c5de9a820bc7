"""What the platforms of X share: version, sign-in, limits, who one is, and the names of fields.

Sign-in: https://docs.x.com/fundamentals/authentication/oauth-2-0/authorization-code
Limits: https://docs.x.com/x-api/fundamentals/rate-limits, per quarter of an hour, apart for each app and each user.
Names: in 2026 `tweet.fields` and some fields were renamed (`post.fields`, `repost_count`). The setting
`fields_parameter` chooses, and what has two names has two columns. Under the new name, authors and references are only
told where they are expanded.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Final

from connectors.sdk.auth import ApiKey, Field, OAuth2, Settings
from connectors.sdk.base import Version
from connectors.sdk.limits import counted_headers, path_limit, per_path
from core.errors import BadReply
from core.http import Params, Request, Response
from core.model import Column
from core.pacing import Limit, Observation, RateLimit

VERSION: Final = Version(name="2", read=date(2026, 11, 28))
HOST: Final = "api.x.com"
ORIGIN: Final = f"https://{HOST}"
ID: Final = r"[0-9]{1,19}"
READ: Final = ("tweet.read", "users.read")
USER_FIELDS: Final = (
    "created_at,description,location,profile_image_url,protected,public_metrics,url,verified,verified_type"
)

_FIELDS_SETTING: Final = "fields_parameter"
_CLASSIC: Final = "tweet.fields"
_SNOWFLAKE_EPOCH_MS: Final = 1_288_834_974_657
# Told only where they are expanded, under the newer name of the parameter.
_EXPANDED: Final = {
    "author_id": "author_id",
    "in_reply_to_user_id": "in_reply_to_user_id",
    "referenced_tweets": "referenced_posts",
}
_RENAMED: Final = {"note_tweet": "note_post"}


# Who one is, and what is asked for


def first_id_after(moment: datetime) -> int:
    """The smallest id that a post of this moment can have: ids begin with the milliseconds since X's epoch."""
    return (int(moment.timestamp() * 1000) - _SNOWFLAKE_EPOCH_MS) << 22


def made_at(identity: str) -> datetime:
    """The moment that an id begins with. Raises BadReply for one that is no number."""
    if not identity.isdecimal():
        raise BadReply("an id is no number")
    return datetime.fromtimestamp(((int(identity) >> 22) + _SNOWFLAKE_EPOCH_MS) / 1000, UTC)


def whoami(settings: Settings) -> Request:
    """The account: one's own, or where an app's own token is nobody's, the one whose name the person gave."""
    name, fields = settings.get("username"), {"user.fields": USER_FIELDS}
    if name:
        return Request(path="/2/users/by/username/{username}", args={"username": str(name)}, params=fields)
    return Request(path="/2/users/me", params=fields)


def account_of(response: Response) -> Settings:
    """Which account the probe told of."""
    return {"account": f"@{response.get('data/username')}", "user_id": response.get("data/id")}


def of_user(kind: str, settings: Settings, params: Params) -> Request:
    user = {"user_id": str(settings["user_id"])}
    return Request(path=f"/2/users/{{user_id}}/{kind}", args=user, params=params)


def classic(settings: Settings) -> bool:
    """Whether fields have the names that they had before 2026."""
    return settings.get(_FIELDS_SETTING) in (None, "", _CLASSIC)


def post_fields(settings: Settings, *fields: str) -> dict[str, str]:
    """The parameters that ask for these fields of posts (classic names), as the setting has them."""
    if classic(settings):
        return {_CLASSIC: ",".join(fields)}
    plain = [_RENAMED.get(field, field) for field in fields if field not in _EXPANDED]
    expanded = [_EXPANDED[field] for field in fields if field in _EXPANDED]
    return {str(settings[_FIELDS_SETTING]): ",".join(plain)} | ({"expansions": ",".join(expanded)} if expanded else {})


def counts(inside: str, *names: str, prefix: str = "") -> tuple[Column, ...]:
    """Columns of counters that stand in an object of the record."""
    return tuple(Column(name=f"{prefix}{name}", path=f"{inside}/{name}", type="integer", minimum=0) for name in names)


USER_COUNTS: Final = counts(
    "public_metrics",
    "followers_count",
    "following_count",
    "listed_count",
    "tweet_count",
    "post_count",
    "like_count",
)
POST_COUNTS: Final = counts(
    "public_metrics",
    "retweet_count",
    "repost_count",
    "reply_count",
    "like_count",
    "quote_count",
    "bookmark_count",
    "impression_count",
)


# Sign-in


def x_oauth2(*scopes: str) -> OAuth2:
    """The consent of a person, for these scopes and to stay signed in."""
    return OAuth2(
        authorize_url="https://x.com/i/oauth2/authorize",
        token_url=f"{ORIGIN}/2/oauth2/token",
        scopes=(*scopes, "offline.access"),
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
    )


APP_BEARER: Final = ApiKey(
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
)


# Limits

_QUARTER: Final = 15 * 60.0
_COUNTED: Final = counted_headers(
    remaining="x-rate-limit-remaining", reset="x-rate-limit-reset", form="epoch seconds", bucket=per_path
)
_BY_DAY: Final = tuple(
    counted_headers(
        remaining=f"x-{whose}-limit-24hour-remaining",
        reset=f"x-{whose}-limit-24hour-reset",
        form="epoch seconds",
        bucket=per_path,
    )
    for whose in ("app", "user")
)


def quarter_limit(call: str, requests: int) -> Limit:
    """So many of this call a quarter of an hour: the lower of what an app and a user may."""
    return path_limit(call, requests=requests, seconds=_QUARTER)


def _observe(request: Request, response: Response, now: float) -> Sequence[Observation]:
    """What is left of the quarter of an hour; a day's limit counts once it is used up."""
    by_day = [told for dialect in _BY_DAY for told in dialect(request, response, now)]
    used_up = [told for told in by_day if told.remaining <= 0]
    return (*_COUNTED(request, response, now), *used_up)


def x_limits(*limits: Limit) -> RateLimit:
    return RateLimit(
        limits=(
            quarter_limit("GET /2/users/me", 75),
            quarter_limit("GET /2/users/by/username/{username}", 300),
            quarter_limit("GET /2/users/{user_id}/tweets", 900),
            *limits,
        ),
        dialect=_observe,
        concurrency=4,
    )


UNVERIFIED: Final = (
    "Which field names the live API enforces since specification 2.167; the setting `fields_parameter` chooses.",
    "That refresh tokens work once, and how long they live: the new one is saved before it is used.",
    "Bodies of 402 and 429, and the 24-hour limit headers: status and the `x-rate-limit` headers are what counts.",
)
