"""Instagram, for business and creator accounts, by either of its two products.

Quirks, and where they are told:
- With Facebook Login one asks graph.facebook.com with the token of the Page that the account is linked to; with
  Instagram Login graph.instagram.com with the account's own. Neither host knows the other's tokens, and rights have
  other names. https://developers.facebook.com/docs/instagram-platform/overview
- The token of Instagram Login lives 60 days, and is exchanged for a new one from its second day on until it has ended.
  Both calls are GETs with the secrets in the address: there is no other form.
  https://developers.facebook.com/docs/instagram-platform/reference/access_token
- With Instagram Login an account has two ids: `id` is for the app alone, `user_id` stands in addresses and webhooks.
- What is not named in `fields` does not come, and one name that does not exist fails the whole request.
- Links to the next page hold the token: only their cursor is used. A short page is no end.
- Media are told newest first and filtered by when they were published; those of four weeks are read again. Of an
  account with more than about 10,000 the older ones are not listed: these are never read anew as a whole, and comments
  without any being taken for gone.
- Comments are told with the media, and answers with the comments, so many of each; where there are more, they are
  asked for by themselves. https://developers.facebook.com/docs/graph-api/guides/field-expansion
- Metrics end for all versions at once, and one that has ended, or is none of this kind of media, fails the whole
  request: it is found out by halves and left out for a week. The settings `media_metrics`, `story_metrics`,
  `day_metrics`, `total_metrics` and `audience_metrics` (names with commas) choose others.
  https://developers.facebook.com/docs/instagram-platform/reference/instagram-media/insights
- No data is not zero: where nothing comes, there is no row. Media older than the account's turn to business, and those
  with few viewers, answer with an error that is none. Figures of stories are told for 24 hours.
- Errors are 400 whatever the cause, see connectors/sdk/meta.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from connectors.instagram.streams import (
    ACCOUNT,
    AUDIENCE,
    COMMENTS,
    INSIGHTS_DAILY,
    MEDIA,
    MEDIA_INSIGHTS,
    STORIES,
    STORY_INSIGHTS,
    TOTALS_DAILY,
)
from connectors.instagram.webhooks import INBOUND
from connectors.instagram.writes import INSTAGRAM, INSTAGRAM_ORIGIN, LOGIN, asked
from connectors.sdk.auth import ApiKey, Exchange, Field, OAuth2, Settings, Values
from connectors.sdk.base import Connector
from connectors.sdk.meta import (
    GONE,
    GRAPH_HOST,
    LONG_LIVED_TOKEN,
    META_ERRORS,
    ORIGIN,
    PAGE_FIELD,
    SECRET,
    VERSION,
    by_message,
    by_subcode,
    facebook_login,
    page_request,
    page_token,
    pasted_token,
)
from connectors.sdk.meta_usage import RATE_LIMIT
from connectors.sdk.oauth2 import token_request
from core.classify import Disposition, ErrorRule
from core.errors import CredentialRejected
from core.http import Request, Response

_LINKED: Final = "instagram_business_account"
_SECRET_HELP: Final = "In the app's dashboard: Instagram > API setup with Instagram login > Instagram app secret."
_RECONNECT: Final = "Connect again: integrations connect {platform} --name {name}"


# Instagram Login. https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login


def _granted(response: Response, settings: Settings) -> Mapping[str, Any]:
    """What the token endpoint gave, which newer versions of it wrap in a list; its rights in the words of streams."""
    told = response.get("")
    wrapped = told.get("data") if isinstance(told, dict) else None
    found = wrapped[0] if isinstance(wrapped, list) and wrapped else told
    if not isinstance(found, dict):
        return {}
    rights = found.get("permissions") or ()
    names = rights.replace(",", " ").split() if isinstance(rights, str) else [str(one) for one in rights]
    return {**found, "scope": " ".join(name.replace("instagram_business_", "instagram_") for name in names)}


def _token_call(path: str, **params: str) -> Request:
    return token_request(INSTAGRAM_ORIGIN + path, params, method="GET")


def _long_lived(values: Values, settings: Settings) -> Request:
    return _token_call(
        "/access_token",
        grant_type="ig_exchange_token",
        client_secret=values["client_secret"],
        access_token=values["access_token"],
    )


def _renewed(values: Values, settings: Settings) -> Request:
    return _token_call("/refresh_access_token", grant_type="ig_refresh_token", access_token=values["access_token"])


def _by_instagram(values: Values) -> Settings:
    return {LOGIN: INSTAGRAM}


_INSTAGRAM_LOGIN: Final = OAuth2(
    name="instagram_login",
    title="Instagram Login (OAuth 2.0)",
    authorize_url="https://www.instagram.com/oauth/authorize",
    token_url="https://api.instagram.com/oauth/access_token",
    scopes=("instagram_basic", "instagram_manage_comments", "instagram_manage_insights"),
    scope_names={
        name: name.replace("instagram_", "instagram_business_")
        for name in ("instagram_basic", "instagram_manage_comments", "instagram_manage_insights")
    },
    scope_separator=",",
    pkce=False,
    fields=(
        Field(
            name="client_id",
            title="Instagram app ID",
            secret=False,
            pattern=r"\d{13,17}",
            help="In the app's dashboard: Instagram > API setup with Instagram login. It is not the ID of the app.",
        ),
        Field(name="client_secret", title="Instagram app secret", pattern=SECRET, help=_SECRET_HELP),
    ),
    refresh_before=10 * 86_400.0,
    read=_granted,
    exchanges=(Exchange(request=_long_lived, read=_granted),),
    renew=_renewed,
    renews_expired=False,
    learn=_by_instagram,
    help="For accounts without a Page. The app sees only its own testers until App Review.",
)
_INSTAGRAM_TOKEN: Final = ApiKey(
    name="instagram_token",
    title="Instagram access token",
    fields=(
        Field(
            name="token",
            title="Access token",
            pattern=r"IG(AA|QV)[A-Za-z0-9_-]{80,}",
            help="It begins with IGAA. In the app's dashboard: Instagram > API setup with Instagram login > Generate.",
        ),
        Field(
            name="app_secret",
            title="Instagram app secret",
            pattern=SECRET,
            optional=True,
            help=f"Needed to check webhooks. {_SECRET_HELP}",
        ),
    ),
    learn=_by_instagram,
    help="It ends after 60 days: then connect again with a new one.",
)


# Who one is


def _probe(method: str, settings: Settings) -> Request:
    if settings.get(LOGIN) == INSTAGRAM:
        return asked(settings, "/me", params={"fields": "user_id,username,account_type"})
    return page_request(settings, f"id,name,{_LINKED}{{id,username}}")


def _account(response: Response) -> Settings:
    """Raises CredentialRejected for a Page without an account."""
    linked = response.get(f"{_LINKED}/id")
    if linked is not None:
        name = response.get(f"{_LINKED}/username") or response.get("name") or ""
        return {"account": name, "instagram_id": str(linked), "page_id": str(response.get("id"))}
    account = response.get("user_id") or (response.get("id") if response.get("username") else None)
    if account is None:
        raise CredentialRejected(
            "no Instagram account is linked to this Page",
            advice="Link a business or creator account to the Page in Instagram's settings, and tick it on the consent "
            "page; for an account without a Page, connect by Instagram Login.",
        )
    return {"account": response.get("username") or "", "instagram_id": str(account)}


_MEDIUM: Final = "Instagram refuses the file: "
_ERRORS: Final[tuple[ErrorRule, ...]] = (
    # https://developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/error-codes
    by_subcode(Disposition.SKIP, 2108006, advice="It was published before the account became a business account."),
    by_message(Disposition.SKIP, "not enough viewers", advice="Figures come with more viewers."),
    by_message(
        Disposition.CREDENTIAL_REJECTED,
        f"nonexisting field ({_LINKED})",
        advice="This is the token of a person or a system user: give the Page ID as well. " + _RECONNECT,
    ),
    by_subcode(Disposition.RETRY, 2207027, retry_in=10.0, advice="The container is not ready yet: publish it later."),
    by_subcode(
        Disposition.QUOTA_EXHAUSTED,
        2207042,
        advice="As much was published in 24 hours as Instagram allows: publish again tomorrow.",
    ),
    by_subcode(Disposition.FAIL, 2207009, advice=_MEDIUM + "the aspect ratio must be between 4:5 and 1.91:1."),
    by_subcode(Disposition.FAIL, 2207026, advice=_MEDIUM + "the format of the video is not supported."),
    by_subcode(
        Disposition.FAIL, 2207052, advice="Instagram could not fetch the file: its address must be open to everyone."
    ),
    by_subcode(Disposition.RETRY, 2207001, 2207003, 2207032, 2207053, retry_in=10.0),
    # What `connectors.sdk.metrics` reads as: a metric that does not exist, or not for this.
    by_message(Disposition.OK, "metric"),
    # https://developers.facebook.com/docs/instagram-platform/reference/oauth-access-token
    ErrorRule(
        disposition=Disposition.CREDENTIAL_REJECTED, path="error_type", equals="OAuthException", advice=_RECONNECT
    ),
    *META_ERRORS,
)

CONNECTOR: Final = Connector(
    name="instagram",
    title="Instagram",
    category="social",
    base_url=ORIGIN,
    hosts=(GRAPH_HOST, "graph.instagram.com", "api.instagram.com"),
    auth=(
        facebook_login(
            "instagram_basic",
            "instagram_manage_comments",
            "instagram_manage_insights",
            "pages_show_list",
            "pages_read_engagement",
            exchanges=(LONG_LIVED_TOKEN, page_token(_LINKED)),
            fields=(PAGE_FIELD,),
        ),
        _INSTAGRAM_LOGIN,
        pasted_token(title="Facebook access token"),
        _INSTAGRAM_TOKEN,
    ),
    probe=_probe,
    discover=_account,
    streams=(
        ACCOUNT,
        MEDIA,
        STORIES,
        COMMENTS,
        MEDIA_INSIGHTS,
        STORY_INSIGHTS,
        INSIGHTS_DAILY,
        TOTALS_DAILY,
        AUDIENCE,
    ),
    rate_limit=RATE_LIMIT,
    errors=_ERRORS,
    absent=GONE,
    version=VERSION,
    inbound=INBOUND,
    unverified=(
        "That the token endpoint of Facebook Login takes its parameters as a form by POST.",
        "Whether the first token of Instagram Login comes wrapped in a list: both forms are read.",
        "In which words other refusals of the token endpoint of Instagram Login come: those of error_type are known.",
        "How many media can be listed (10,000): from 9000 on, nothing is taken for deleted.",
        "Which metrics each kind of media has: those that it does not have are found out and left out.",
        "In which words a metric is refused: any error 100 that speaks of a metric is taken for that.",
        "That new followers are told for the last 30 days alone: they are asked for no further back.",
        "That days end by Pacific time for every account.",
        "How many comments a page holds (50), and how many answers come along: a full list is asked for by itself.",
        "What a cursor that is no longer known is answered with: any error that speaks of a cursor begins anew.",
        "Which media can be deleted, and whether with Instagram Login: a refusal is told.",
        "Which of the app's two secrets signs webhooks of Instagram Login: another than the credential's can be given.",
        "What an account with fewer than 100 followers is answered: an empty list is expected.",
        "That answers to a comment name it in parent_id with both products.",
        "Messages: they are not read, as few apps are given the right to.",
    ),
    docs="https://developers.facebook.com/docs/instagram-platform",
)
