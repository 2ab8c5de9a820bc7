"""What the platforms on Meta's Graph API share: version, sign-in, errors.

Versions: https://developers.facebook.com/docs/graph-api/changelog/versions
Sign-in: https://developers.facebook.com/docs/facebook-login/guides/access-tokens
Proof of the app's secret: https://developers.facebook.com/docs/graph-api/securing-requests
Errors: https://developers.facebook.com/docs/graph-api/guides/error-handling. They are mostly 400, whatever the cause,
and `type` is OAuthException even where a limit is reached: what counts is the code, before it the subcode, and before
both, where one code means several things, the sentence.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from connectors.sdk.auth import ApiKey, Exchange, Field, OAuth2, Settings, Values
from connectors.sdk.base import Version
from connectors.sdk.oauth2 import token_request
from core.classify import Disposition, ErrorRule
from core.errors import CredentialRejected
from core.http import Request, Response
from core.signing import hmac_hex

# A version ends two years after the next one came, so not before two years after it came itself.
VERSION: Final = Version(name="v26.0", read=date(2026, 11, 23), ends=date(2028, 7, 29))
GRAPH_HOST: Final = "graph.facebook.com"
ORIGIN: Final = f"https://{GRAPH_HOST}"
TOKEN_URL: Final = f"{ORIGIN}/{VERSION.name}/oauth/access_token"
ID: Final = r"[0-9]+"
TOKEN: Final = r"EAA[A-Za-z0-9]{60,}"
SECRET: Final = r"[a-f0-9]{32}"

_RECONNECT: Final = "Connect again: integrations connect {platform} --name {name}"

PAGE_FIELD: Final = Field(
    name="page_id",
    title="Page ID",
    secret=False,
    pattern=ID,
    optional=True,
    help="The number below Page transparency on the Page. Needed where you act for several Pages, or for one that a "
    "business owns; else the first Page is taken.",
)
APP_SECRET_HELP: Final = "In the app's dashboard: App settings > Basic > App secret."


def graph(path: str) -> str:
    """The path of a call, at the pinned version."""
    return f"/{VERSION.name}{path}"


def page_request(settings: Settings, fields: str) -> Request:
    """The Page that is meant: the one with the id in the settings, else the one that the token belongs to."""
    page_id = settings.get("page_id")
    if page_id:
        return Request(path=graph("/{page_id}"), args={"page_id": str(page_id)}, params={"fields": fields})
    return Request(path=graph("/me"), params={"fields": fields})


def page_probe(method: str, settings: Settings) -> Request:
    """Only a Page has a category: the token of a person is found out here."""
    return page_request(settings, "id,name,category")


def page_settings(response: Response) -> Settings:
    """Which Page the probe told of."""
    return {"account": response.get("name") or "", "page_id": str(response.get("id"))}


# Sign-in


def appsecret_proof(values: Values, request: Request) -> Mapping[str, str]:
    """Shows that who calls knows the app's secret: compulsory once the app says so, and welcome before."""
    secret = values.get("client_secret") or values.get("app_secret")
    token = values.get("access_token") or values.get("token")
    if not secret or not token:
        return {}
    return {"appsecret_proof": hmac_hex(secret.encode(), token.encode())}


def _long_lived(values: Values, settings: Settings) -> Request:
    form = {
        "grant_type": "fb_exchange_token",
        "client_id": values["client_id"],
        "client_secret": values["client_secret"],
        "fb_exchange_token": values["access_token"],
    }
    return token_request(TOKEN_URL, form)


def _page(values: Values, settings: Settings, having: str) -> Request:
    # A Page that a business owns is missing in the list, though its token is given to who asks for it by its id.
    page_id, more = str(settings.get("page_id") or ""), f",{having}" if having else ""
    own = Request(path=graph("/{page_id}"), args={"page_id": page_id}, params={"fields": f"id,name,access_token{more}"})
    listed = Request(path=graph("/me/accounts"), params={"fields": f"id,name,access_token,tasks{more}", "limit": 100})
    asked = own if page_id else listed
    return Request(
        base=ORIGIN,
        path=asked.path,
        args=asked.args,
        params={**asked.params, **appsecret_proof(values, asked)},
        headers={"Authorization": f"Bearer {values['access_token']}"},
        authorized=False,
    )


def _token_of_page(response: Response, having: str) -> Mapping[str, Any]:
    """Raises CredentialRejected where no Page's token is there."""
    told = response.get("")
    pages = told.get("data", [told]) if isinstance(told, dict) else []
    for page in pages if isinstance(pages, list) else []:
        if isinstance(page, dict) and page.get("access_token") and (not having or page.get(having)):
            return {"access_token": page["access_token"]}
    raise CredentialRejected(
        f"Facebook gives no token for a Page {f'with {having} ' if having else ''}to this person",
        advice="Tick the Page on Facebook's consent page; where a business owns it, also give its Page ID.",
    )


LONG_LIVED_TOKEN: Final = Exchange(request=_long_lived)
"""About 60 days in exchange for the hour or two of what the consent gave."""


def page_token(having: str = "") -> Exchange:
    """For the Page's own token, which does not end by itself: of the Page in the setting `page_id`, else of the first
    that is listed and has that member."""
    return Exchange(
        request=lambda values, settings: _page(values, settings, having),
        read=lambda response, settings: _token_of_page(response, having),
    )


PAGE_TOKEN: Final = page_token()


def facebook_login(
    *scopes: str, exchanges: tuple[Exchange, ...] = (LONG_LIVED_TOKEN,), fields: tuple[Field, ...] = ()
) -> OAuth2:
    """The consent of a person, for these scopes; `fields` are asked for beside the app's id and secret."""
    return OAuth2(
        title="Facebook Login (OAuth 2.0)",
        authorize_url=f"https://www.facebook.com/{VERSION.name}/dialog/oauth",
        token_url=TOKEN_URL,
        scopes=scopes,
        scope_separator=",",
        pkce=False,
        fields=(
            Field(
                name="client_id",
                title="App ID",
                secret=False,
                pattern=r"\d{13,17}",
                help="In the app's dashboard at developers.facebook.com: App settings > Basic.",
            ),
            Field(name="client_secret", title="App secret", pattern=SECRET, help=APP_SECRET_HELP),
            *fields,
        ),
        exchanges=exchanges,
        proof=appsecret_proof,
        help="Without App Review the app sees what its own developers and testers manage.",
    )


def pasted_token(*, title: str = "Page access token", fields: tuple[Field, ...] = (PAGE_FIELD,)) -> ApiKey:
    """A token of a Page, or of a system user, that a person copies from Meta's tools."""
    return ApiKey(
        name="page_token",
        title=title,
        fields=(
            Field(
                name="token",
                title="Access token",
                pattern=TOKEN,
                help="It begins with EAA. From Business settings > System users, or the Graph API Explorer.",
            ),
            Field(
                name="app_secret",
                title="App secret",
                pattern=SECRET,
                optional=True,
                help=f"Needed where the app requires it, and to check webhooks. {APP_SECRET_HELP}",
            ),
            *fields,
        ),
        proof=appsecret_proof,
    )


# Errors


def by_code(disposition: Disposition, *codes: int, advice: str = "", retry_in: float | None = None) -> ErrorRule:
    return ErrorRule(
        disposition=disposition, path="error/code", among=frozenset(codes), advice=advice, retry_in=retry_in
    )


def by_subcode(disposition: Disposition, *codes: int, advice: str = "", retry_in: float | None = None) -> ErrorRule:
    return ErrorRule(
        disposition=disposition, path="error/error_subcode", among=frozenset(codes), advice=advice, retry_in=retry_in
    )


def by_message(disposition: Disposition, words: str, *, advice: str = "") -> ErrorRule:
    return ErrorRule(disposition=disposition, path="error/message", contains=words, advice=advice)


# What `connectors.sdk.edges` reads as: ask for less at a time.
TOO_MUCH: Final = "reduce the amount of data"
_PASSES: Final = 30.0  # seconds until a limit is tried again that does not say when

GONE: Final = (by_subcode(Disposition.SKIP, 33), by_code(Disposition.SKIP, 803))
"""For requests that are `optional`: the object is gone."""

META_ERRORS: Final[tuple[ErrorRule, ...]] = (
    # One code, several meanings
    by_message(Disposition.OK, TOO_MUCH),
    by_message(
        Disposition.CREDENTIAL_REJECTED,
        "must be called with a Page Access Token",
        advice="This is the token of a person or a system user: connect with the Page's own token. " + _RECONNECT,
    ),
    by_message(
        Disposition.CREDENTIAL_REJECTED,
        "nonexisting field (category)",
        advice="This is the token of a person or a system user: give the Page ID as well. " + _RECONNECT,
    ),
    by_message(
        Disposition.CREDENTIAL_REJECTED,
        "appsecret_proof",
        advice="The app secret is missing, or not that of the token's app. " + _RECONNECT,
    ),
    by_message(
        Disposition.CREDENTIAL_REJECTED,
        "app secret proof",
        advice="The app secret is missing, or not that of the token's app. " + _RECONNECT,
    ),
    by_message(Disposition.CREDENTIAL_REJECTED, "validating client secret", advice=_RECONNECT),
    by_message(Disposition.CREDENTIAL_REJECTED, "verification code", advice=_RECONNECT),
    # A cursor that is no longer known
    by_message(Disposition.RESET_STATE, "cursor"),
    # Subcodes
    by_subcode(Disposition.REFRESH_TOKEN, 463, advice="The token has expired. " + _RECONNECT),
    by_subcode(
        Disposition.CREDENTIAL_REJECTED, 458, advice="The person has removed the app from the account. " + _RECONNECT
    ),
    by_subcode(Disposition.CREDENTIAL_REJECTED, 460, advice="The password was changed. " + _RECONNECT),
    by_subcode(
        Disposition.CREDENTIAL_REJECTED,
        459,
        464,
        advice="Facebook wants the person to sign in at facebook.com and confirm the account first. " + _RECONNECT,
    ),
    by_subcode(
        Disposition.CREDENTIAL_REJECTED, 492, advice="The person no longer has a role on the Page. " + _RECONNECT
    ),
    by_subcode(Disposition.RATE_LIMITED, 1390008, retry_in=_PASSES),
    by_subcode(
        Disposition.FAIL,
        33,
        advice="It is gone, or the token has no right to it: look at the Page's roles, then connect {name} again.",
    ),
    # Limits: of app, user, Page, custom, and of the use cases of a business. They may call themselves transient.
    by_code(Disposition.RATE_LIMITED, 4, 17, 32, 341, 613, 1390008, *range(80000, 80015), retry_in=_PASSES),
    by_code(Disposition.CREDENTIAL_REJECTED, 101, 102, 104, 190, advice=_RECONNECT),
    ErrorRule(
        disposition=Disposition.SCOPE_MISSING,
        path="error/code",
        among=frozenset({3, 10, *range(200, 300)}),
        advice="Grant the permission that the message names (App Review where the app is used by others), and give the "
        "person the task on the Page. " + _RECONNECT,
    ),
    by_message(
        Disposition.SCOPE_MISSING,
        "missing permission",
        advice="Grant the permission that the message names. " + _RECONNECT,
    ),
    by_code(Disposition.FAIL, 803, 21, 12, advice="It is gone, has moved, or cannot be asked any more."),
    by_code(
        Disposition.FAIL, 368, advice="Facebook blocks this for breaking its rules: see Page quality, then try later."
    ),
    by_code(Disposition.FAIL, 506, advice="The same was posted just before."),
    by_code(Disposition.RETRY, 1, 2),
    ErrorRule(disposition=Disposition.RETRY, path="error/is_transient", equals=True),
    by_code(Disposition.FAIL, 100, 2500, 3001, 3002, *range(1404000, 1405000)),
)
