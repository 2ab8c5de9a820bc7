"""TikTok: Login Kit, Display API and Content Posting API, version 2.

Quirks, and where they are told:
- Success is `error/code` "ok", which stands in every reply; failures may come with HTTP 200.
  https://developers.tiktok.com/doc/tiktok-api-v2-error-handling
- A missing scope is 401, and so is an expired token: the code tells them apart. Asking for one field outside the
  granted scopes fails the whole call, and people may grant a part of what was asked.
- Fields are named in the query, also where the question is a POST. The app's id is called `client_key`, scopes are
  joined by commas. https://developers.tiktok.com/doc/oauth-user-access-token-management
- Access tokens live two hours. A refresh gives a new refresh token, and the old one is dead.
- Videos come newest first; `cursor` means "before this moment" in milliseconds, `create_time` is in seconds. Only
  public videos are listed, and there are no comments. https://developers.tiktok.com/doc/tiktok-api-v2-video-list
- Posting is all that can be written: nothing is changed or deleted through the interface.
"""

from __future__ import annotations

from typing import Final

from connectors.sdk.auth import Field, OAuth2, Settings
from connectors.sdk.base import Connector
from connectors.sdk.limits import path_limit
from connectors.sdk.oauth2 import TOKEN_ERRORS
from connectors.tiktok.streams import STREAMS, VERSION
from connectors.tiktok.webhooks import INBOUND
from core.classify import Disposition, ErrorRule
from core.http import Request, Response
from core.pacing import RateLimit

_CODE: Final = "error/code"
_GRANT: Final = "Connect again and grant everything that is asked for: integrations connect {platform} --name {name}"


def _discover(response: Response) -> Settings:
    user = "data/user"
    name, identity = response.get(f"{user}/display_name"), response.get(f"{user}/open_id")
    return {"account": str(name or identity), "open_id": identity}


def _rules(disposition: Disposition, *codes: str, advice: str = "", retry_in: float | None = None) -> list[ErrorRule]:
    return [
        ErrorRule(disposition=disposition, path=_CODE, equals=code, advice=advice, retry_in=retry_in) for code in codes
    ]


CONNECTOR: Final = Connector(
    name="tiktok",
    title="TikTok",
    category="social",
    base_url="https://open.tiktokapis.com",
    hosts=("open.tiktokapis.com",),
    auth=(
        OAuth2(
            authorize_url="https://www.tiktok.com/v2/auth/authorize/",
            token_url="https://open.tiktokapis.com/v2/oauth/token/",
            scopes=("user.info.basic", "user.info.profile", "user.info.stats", "video.list"),
            scope_separator=",",
            client_id_param="client_key",
            # Only apps for phones and desktops need it, which form the challenge in another way.
            pkce=False,
            rotates=True,
            fields=(
                Field(name="client_id", title="Client key", secret=False, pattern=r"[a-z0-9]{10,24}"),
                Field(name="client_secret", title="Client secret", pattern=r"[A-Za-z0-9]{20,64}"),
            ),
            help="The redirect address of a web app must be https and is matched exactly.",
        ),
    ),
    probe=lambda method, settings: Request(
        path="/v2/user/info/", params={"fields": "open_id,union_id,avatar_url,display_name"}
    ),
    discover=_discover,
    streams=STREAMS,
    # https://developers.tiktok.com/doc/tiktok-api-v2-rate-limit
    rate_limit=RateLimit(
        limits=(
            path_limit("GET /v2/user/info/", requests=600, seconds=60),
            path_limit("POST /v2/video/list/", requests=600, seconds=60),
            path_limit("POST /v2/video/query/", requests=600, seconds=60),
            path_limit("POST /v2/post/publish/video/init/", requests=6, seconds=60),
            path_limit("POST /v2/post/publish/status/fetch/", requests=30, seconds=60),
        ),
        concurrency=4,
    ),
    errors=(
        *TOKEN_ERRORS,
        ErrorRule(disposition=Disposition.CREDENTIAL_REJECTED, path="error", equals="access_denied", advice=_GRANT),
        *_rules(Disposition.REFRESH_TOKEN, "access_token_invalid"),
        *_rules(Disposition.SCOPE_MISSING, "scope_not_authorized", "scope_permission_missed", advice=_GRANT),
        *_rules(Disposition.RATE_LIMITED, "rate_limit_exceeded", retry_in=60),
        *_rules(
            Disposition.RATE_LIMITED,
            "spam_risk_too_many_posts",
            "spam_risk_too_many_pending_share",
            "reached_active_user_cap",
            retry_in=4 * 3600,
        ),
        *_rules(
            Disposition.FAIL,
            "privacy_level_option_mismatch",
            "unaudited_client_can_only_post_to_private_accounts",
            advice="Until TikTok has looked at the app, it may only post privately: choose SELF_ONLY.",
        ),
        *_rules(
            Disposition.FAIL,
            "url_ownership_unverified",
            advice="Prove at TikTok that the address of the video is yours: your app > URL properties.",
        ),
        *_rules(Disposition.RETRY, "internal_error"),
        ErrorRule(disposition=Disposition.FAIL, status=200, path=_CODE, unless="ok"),
    ),
    version=VERSION,
    inbound=INBOUND,
    unverified=(
        "No header tells how many calls are left; after a refusal a minute is waited.",
        "The forms of client key and secret are taken loosely.",
        "How long daily caps last: they are asked for again after four hours.",
        "Deliveries that come late may keep their first time: the window is three days, and events count once.",
        "The names and contents of events about posts.",
    ),
    docs="https://developers.tiktok.com/doc/overview",
)
