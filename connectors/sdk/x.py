"""What the platforms of X share: version, sign-in, limits, errors, who one is, and the names of fields.

Sign-in: https://docs.x.com/fundamentals/authentication/oauth-2-0/authorization-code
Limits: https://docs.x.com/x-api/fundamentals/rate-limits, per quarter of an hour, apart for each app and each user.
Errors: https://docs.x.com/x-api/fundamentals/response-codes-and-errors. The kind of a problem is the last part of the
address in `type`, whose host is x.com or twitter.com; older endpoints tell numbers. A 200 may carry errors about single
records and fields beside its data: only an error about what was asked for itself fails the call.
Names: in 2026 `tweet.fields` and some fields were renamed (`post.fields`, `repost_count`). The setting
`fields_parameter` chooses, and what has two names has two columns. Under the new name, authors and references are only
told where they are expanded.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Final

from connectors.sdk.auth import Field, OAuth2, Settings
from connectors.sdk.base import Version
from connectors.sdk.limits import counted_headers, path_limit, per_path
from connectors.sdk.oauth2 import TOKEN_ERRORS
from core.classify import Disposition, ErrorRule
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
_RECONNECT: Final = "Connect again: integrations connect {platform} --name {name}"
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


# Errors


def _problem(
    disposition: Disposition, *kinds: str, status: int | tuple[int, ...] | None = None, advice: str = ""
) -> tuple[ErrorRule, ...]:
    return tuple(
        ErrorRule(disposition=disposition, status=status, path="type", contains=f"/{kind}", advice=advice)
        for kind in kinds
    )


def _numbered(disposition: Disposition, number: int, advice: str = "") -> tuple[ErrorRule, ...]:
    """Both forms in which older endpoints tell a number."""
    return tuple(
        ErrorRule(disposition=disposition, path=path, equals=number, advice=advice)
        for path in ("errors/*/code", "code")
    )


_CREDITS: Final = "The credits are used up: add some in X's developer console, or wait for the next billing cycle."
_ENROL: Final = "The app is not enrolled: attach it to a project in X's developer console."
_RIGHTS: Final = (
    "The app or the account has no right to this: look at the app's permissions and the plan. " + _RECONNECT
)
_USER: Final = "A bearer token of an app cannot read this: connect with OAuth 2.0 instead."
_TAKEN_BACK: Final = "The access was taken back, or has expired. " + _RECONNECT

X_ERRORS: Final[tuple[ErrorRule, ...]] = (
    *TOKEN_ERRORS,
    # The token endpoint answers so to a refresh token that was used before.
    ErrorRule(
        disposition=Disposition.CREDENTIAL_REJECTED,
        status=400,
        path="error",
        equals="invalid_request",
        advice=_TAKEN_BACK,
    ),
    # Money: waiting does not help. https://docs.x.com/x-api/getting-started/pricing
    *_problem(
        Disposition.QUOTA_EXHAUSTED,
        "usage-capped",
        advice="The plan's posts are used up until its next cycle: see Usage in X's developer console.",
    ),
    ErrorRule(disposition=Disposition.QUOTA_EXHAUSTED, status=402, advice=_CREDITS),
    *_problem(Disposition.QUOTA_EXHAUSTED, "credits", advice=_CREDITS),
    ErrorRule(disposition=Disposition.QUOTA_EXHAUSTED, path="title", equals="CreditsDepleted", advice=_CREDITS),
    ErrorRule(
        disposition=Disposition.QUOTA_EXHAUSTED,
        status=(403, 429),
        path="title",
        contains="SpendCap",
        advice="The spending limit is reached until the next cycle: raise it in X's developer console.",
    ),
    *_numbered(Disposition.RATE_LIMITED, 88),
    *_problem(Disposition.RATE_LIMITED, "rate-limit-exceeded"),
    *_numbered(Disposition.REFRESH_TOKEN, 89, advice=_TAKEN_BACK),
    *_numbered(Disposition.SCOPE_MISSING, 220, advice=_RIGHTS),
    ErrorRule(
        disposition=Disposition.FAIL,
        status=403,
        path="detail",
        contains="duplicate content",
        advice="The account has said the same before: change the text.",
    ),
    ErrorRule(
        disposition=Disposition.FAIL,
        status=403,
        path="detail",
        contains="not permitted to perform",
        advice="X does not allow it: self-serve apps answer only those who mention or quote the account, and do not "
        "quote, like or follow.",
    ),
    *_problem(Disposition.SCOPE_MISSING, "unsupported-authentication", status=403, advice=_USER),
    *_problem(Disposition.SCOPE_MISSING, "client-forbidden", "client-not-enrolled", status=403, advice=_ENROL),
    ErrorRule(
        disposition=Disposition.SCOPE_MISSING, status=403, path="reason", equals="client-not-enrolled", advice=_ENROL
    ),
    *_problem(
        Disposition.SCOPE_MISSING,
        "oauth1-permissions",
        "not-authorized-for-resource",
        "not-authorized-for-field",
        "field-unauthorized",
        "disallowed-resource",
        status=403,
        advice=_RIGHTS,
    ),
    # A page token or an id that X does not take any more.
    ErrorRule(disposition=Disposition.RESET_STATE, status=400, path="errors/*/parameters/pagination_token"),
    ErrorRule(disposition=Disposition.RESET_STATE, status=400, path="errors/*/parameters/next_token"),
    ErrorRule(disposition=Disposition.RESET_STATE, status=400, path="errors/*/parameters/since_id"),
    # Errors about the one thing that was asked for; those about others name other parameters.
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
        advice="It is protected, suspended or gone.",
    ),
    ErrorRule(disposition=Disposition.FAIL, status=(404, 410), advice="It is not there, or no longer."),
    ErrorRule(
        disposition=Disposition.FAIL, status=409, advice="It is at odds with what stands at X: look there first."
    ),
    *_problem(Disposition.RETRY, "internal-error"),
)
UNVERIFIED: Final = (
    "Which field names the live API enforces since specification 2.167; the setting `fields_parameter` chooses.",
    "That refresh tokens work once, and how long they live: the new one is saved before it is used.",
    "Bodies of 402 and 429, and the 24-hour limit headers: status and the `x-rate-limit` headers are what counts.",
)
