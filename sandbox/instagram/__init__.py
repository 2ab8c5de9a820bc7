"""Instagram at Graph v26.0, by Facebook Login and by Instagram Login: an account with media, stories and figures.

Sources: developers.facebook.com/docs/instagram-platform (overview, reference, insights, content publishing, webhooks)
as updated in June 2026, the node lists of version 25, the recorded bodies of python-facebook.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.credentials import STANDS, Credential
from sandbox.graph import error, secret
from sandbox.instagram.content import ACCOUNT_ID, USER_ID, Content
from sandbox.instagram.service import INSTAGRAM, Service
from sandbox.meta import (
    DIALOG,
    GRAPH,
    LONG,
    check_proof,
    facebook_oauth,
    headers,
    problems,
    signed,
    token,
    unauthorized,
    usage_headers,
    windows,
)
from sandbox.oauth import Client, Dialect, Grant, OAuthServer, client_of
from sandbox.platform import Call, Delivery, Platform, Reply, Route, answering, json_reply
from sandbox.samples import SAMPLES, letters
from sandbox.world import World

RIGHTS = ("basic", "manage_comments", "manage_insights", "content_publish")
SCOPES = (
    *(f"instagram_{one}" for one in RIGHTS),
    "pages_show_list",
    "pages_read_engagement",
    "business_management",
)
BUSINESS_SCOPES = tuple(f"instagram_business_{one}" for one in RIGHTS)
PAGE_TOKEN = token(3999)
_API, _SITE = "api.instagram.com", "www.instagram.com"
_YOUNG = 86_400.0


def _granted(grant: Grant) -> dict[str, Any]:
    if grant.kind == "authorization_code":
        return {
            "data": [
                {
                    "access_token": grant.access,
                    "user_id": int(ACCOUNT_ID),
                    "permissions": ",".join(grant.scopes),
                }
            ]
        }
    return {"access_token": grant.access, "token_type": "bearer", "expires_in": int(grant.seconds or 0)}


def _refused(code: str, description: str, status: int) -> Reply:
    return json_reply(
        {"error_type": "OAuthException", "code": 400, "error_message": description.capitalize()}, status=400
    )


def _exchanged(server: OAuthServer, call: Call) -> Reply:
    """Sixty days for the hour that the code gave."""
    app_secret, found = call.param("client_secret"), server.accepted(call.param("access_token"))
    client = next((one for one in server.dialect.clients if one.client_secret == app_secret), None)
    if call.method != "GET" or call.param("grant_type") != "ig_exchange_token":
        return error(100, f"Unsupported request - method type: {call.method.lower()}", subcode=33)
    if client is None:
        return error(1, "Error validating client secret.")
    return _renewed(server, found, client, "ig_exchange_token")


def _refreshed(server: OAuthServer, call: Call) -> Reply:
    """Sixty days more, from a token's second day to its end."""
    found = server.accepted(call.param("access_token"))
    if call.method != "GET" or call.param("grant_type") != "ig_refresh_token":
        return error(100, f"Unsupported request - method type: {call.method.lower()}", subcode=33)
    if found is not None and found.expires is not None and found.expires - server.now() > LONG - _YOUNG:
        return error(100, "The access token is less than 24 hours old")
    return _renewed(server, found, server.dialect.clients[0], "ig_refresh_token")


def _renewed(server: OAuthServer, found: Credential | None, client: Client, kind: str) -> Reply:
    why = "unknown" if found is None else "revoked" if found.revoked else STANDS
    if found is not None and found.expires is not None and server.now() >= found.expires:
        why = "expired"
    if found is None or why != STANDS:
        return unauthorized(Call(method="GET", host=INSTAGRAM, path="/"), why)
    return server.issue(client, found.scopes, grant=found.grant, kind=kind, with_refresh=False, seconds=LONG)


def _login(sample: Mapping[str, str]) -> Dialect:
    return Dialect(
        title="Instagram",
        authorize=(_SITE, "/oauth/authorize"),
        token=((_API, "/oauth/access_token"),),
        clients=(client_of(sample),),
        mint=lambda kind, serial: "IGAA" + letters(180, serial) if kind == "access" else "AQ" + letters(200, serial),
        scopes=BUSINESS_SCOPES,
        scope_separator=",",
        client_auth=("body",),
        pkce="ignored",
        access_seconds=3600,
        offers_refresh=lambda asked, granted: False,
        account=ACCOUNT_ID,
        reply=_granted,
        error=_refused,
        own={(INSTAGRAM, "/access_token"): _exchanged, (INSTAGRAM, "/refresh_access_token"): _refreshed},
    )


def build(world: World) -> Platform:
    content, sample = Content(world), SAMPLES["instagram"]
    service = Service(content, {PAGE_TOKEN, sample["page_token"]["token"]}, PAGE_TOKEN)
    proves = check_proof(sample["oauth2"]["client_secret"])

    def check(call: Call) -> Reply | None:
        return service.check(call) or (proves(call) if call.host == GRAPH else None)

    def deliver(url: str, app_secret: str) -> Delivery:
        return signed(url, app_secret, content.news())

    return Platform(
        slug="instagram",
        hosts=(GRAPH, DIALOG, INSTAGRAM, _API, _SITE),
        routes=(
            Route("GET", "/{version}/{id}", answering(service.node), scopes=service.scopes),
            Route("GET", "/{version}/{id}/{edge}", answering(service.edge), scopes=service.scopes),
            Route("POST", "/{version}/{id}/{edge}", answering(service.create), scopes=service.scopes),
            Route("POST", "/{version}/{id}", answering(service.update), scopes=service.scopes),
            Route("DELETE", "/{version}/{id}", answering(service.delete), scopes=service.scopes),
        ),
        problems=problems,
        credentials=tuple(
            Credential(platform="instagram", kind=kind, secret=one, account=ACCOUNT_ID, scopes=scopes)
            for kind, one, scopes in (
                ("access", PAGE_TOKEN, SCOPES),
                ("page_token", sample["page_token"]["token"], SCOPES),
                ("instagram_token", sample["instagram_token"]["token"], BUSINESS_SCOPES),
            )
        ),
        oauth=facebook_oauth("instagram", 3, "Facebook", SCOPES, USER_ID),
        further_oauth=(_login(sample["instagram_login"]),),
        secret=secret,
        windows=windows,
        window_headers=usage_headers("instagram"),
        headers=headers,
        check=check,
        records=("data",),
        deliver=deliver,
    )
