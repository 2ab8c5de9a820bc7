"""LinkedIn, simulated: the Community Management interface with its versions, Rest.li structures, quotas and webhooks.

Sources: learn.microsoft.com/en-us/linkedin (marketing, shared), as updated in November 2026.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

from sandbox.credentials import Credential
from sandbox.linkedin import dialect
from sandbox.linkedin.content import MEMBER, Content, comment_urn, organization
from sandbox.linkedin.dialect import API, WWW
from sandbox.linkedin.figures import Statistics
from sandbox.linkedin.writes import Writing
from sandbox.oauth import Dialect, Grant, client_of, standard_error
from sandbox.platform import Call, Delivery, Platform, Problems, Reply, Route, answering, json_reply
from sandbox.samples import SAMPLES, letters
from sandbox.world import World

SCOPES = (
    "openid", "profile", "email", "r_organization_social", "r_organization_social_feed", "rw_organization_admin",
    "r_organization_followers", "w_organization_social", "w_organization_social_feed",
)  # fmt: skip
ADMIN, READ, FEED = ("rw_organization_admin",), ("r_organization_social",), ("r_organization_social_feed",)
WRITE, COMMENT = ("w_organization_social",), ("w_organization_social_feed",)
_ACCESS, _REFRESH = 60 * 86_400, 365 * 86_400


def _me(call: Call) -> Reply:
    number = MEMBER.rpartition(":")[2]
    return json_reply(
        {"id": number, "localizedFirstName": "Ada", "localizedLastName": "Lovelace", "vanityName": "ada-sandbox"}
    )


def _userinfo(call: Call) -> Reply:
    return json_reply(
        {
            "sub": MEMBER.rpartition(":")[2],
            "name": "Ada Lovelace",
            "given_name": "Ada",
            "family_name": "Lovelace",
            "email": "ada@labs.example",
            "email_verified": True,
            "locale": {"country": "US", "language": "en"},
        }
    )


def _granting(world: World) -> Callable[[Grant], dict[str, Any]]:
    """Refreshing does not prolong what a refresh token lives: each reply tells what is left."""
    begun: dict[str, float] = {}

    def reply(grant: Grant) -> dict[str, Any]:
        told: dict[str, Any] = {
            "access_token": grant.access,
            "expires_in": int(grant.seconds or 0),
            "scope": ",".join(grant.scopes),
            "token_type": "Bearer",
        }
        if grant.refresh:
            now = world.clock.seconds()
            left = begun.setdefault(grant.refresh, now + _REFRESH) - now
            told |= {"refresh_token": grant.refresh, "refresh_token_expires_in": int(left)}
        return told

    return reply


def _refused(code: str, description: str, status: int) -> Reply:
    """A grant that is not good is a bad request."""
    return standard_error("invalid_request" if code == "invalid_grant" else code, description, status)


def _mint(kind: str, serial: int) -> str:
    return "AQ" + letters({"access": 348, "refresh": 402}.get(kind, 90), serial)


def _delivers(content: Content) -> Callable[[str, str], Delivery]:
    def deliver(url: str, secret: str) -> Delivery:
        comments = [row for row in map(content.comments.existing, content.comments.indices()) if row]
        notifications = []
        for row in comments[-2:]:
            post = content.posts.row(content.place(row).post)
            assert post is not None
            urn = comment_urn(post.index, row.index)
            notifications.append(
                {
                    "notificationId": 3_000_000 + row.index,
                    "organizationalEntity": organization(content.page_of(post)),
                    "action": "COMMENT",
                    "sourcePost": content.post_urn(post.index),
                    "lastModifiedAt": row.changed,
                    "generatedActivity": urn,
                    "decoratedGeneratedActivity": {"comment": {"entity": urn, "text": f"Remark {row.index}"}},
                    "subscriber": MEMBER,
                }
            )
        body = json.dumps(
            {"type": "ORGANIZATION_SOCIAL_ACTION_NOTIFICATIONS", "notifications": notifications}, separators=(",", ":")
        ).encode()
        signature = hmac.new(secret.encode(), b"hmacsha256=" + body, hashlib.sha256).hexdigest()
        headers = {"content-type": "application/json", "x-li-signature": signature}
        return Delivery(method="POST", url=url, headers=headers, body=body)

    return deliver


def _routes(content: Content) -> tuple[Route, ...]:
    statistics, writing = Statistics(content), Writing(content)
    post, comments = "/rest/posts/{urn}", "/rest/socialActions/{urn}/comments"
    figures = "/rest/organizationalEntity"
    return (
        Route("GET", "/v2/userinfo", _userinfo, scopes=("openid", "profile")),
        Route("GET", "/rest/me", _me),
        Route("GET", "/rest/organizationAcls", answering(content.roles), scopes=ADMIN),
        Route("GET", "/rest/organizations/{id}", answering(content.page), scopes=ADMIN),
        Route("GET", "/rest/posts", answering(content.list_posts), scopes=READ),
        Route("GET", post, answering(content.one_post), scopes=READ),
        Route("POST", "/rest/posts", answering(writing.create_post), scopes=WRITE),
        Route("POST", post, answering(writing.update_post), scopes=WRITE),
        Route("DELETE", post, answering(writing.delete_post), scopes=WRITE),
        Route("GET", comments, answering(content.list_comments), scopes=FEED),
        Route("GET", comments + "/{id}", answering(content.one_comment), scopes=FEED),
        Route("POST", comments, answering(writing.create_comment), scopes=COMMENT),
        Route("POST", comments + "/{id}", answering(writing.update_comment), scopes=COMMENT),
        Route("DELETE", comments + "/{id}", answering(writing.delete_comment), scopes=COMMENT),
        Route("GET", "/rest/socialMetadata/{urn}", answering(content.metadata), scopes=FEED),
        Route("GET", figures + "ShareStatistics", answering(statistics.shares), scopes=ADMIN),
        Route("GET", figures + "FollowerStatistics", answering(statistics.followers), scopes=ADMIN),
        Route("GET", "/rest/organizationPageStatistics", answering(statistics.pages), scopes=ADMIN),
        Route("GET", "/rest/networkSizes/{urn}", answering(statistics.size), scopes=ADMIN),
    )


def build(world: World) -> Platform:
    content = Content(world)
    return Platform(
        slug="linkedin",
        hosts=(API, WWW),
        routes=_routes(content),
        problems=Problems(
            unauthorized=dialect.unauthorized,
            forbidden=dialect.forbidden,
            not_found=dialect.not_found,
            throttled=dialect.throttled,
            failed=lambda call, status: dialect.problem(status, "Internal Server Error"),
            stale_cursor=lambda call: dialect.bad("Invalid paging"),
            bad_body=lambda call, why: dialect.bad("Unable to parse the body"),
        ),
        credentials=(
            Credential(
                platform="linkedin",
                kind="access_token",
                secret=SAMPLES["linkedin"]["access_token"]["token"],
                scopes=SCOPES,
            ),
        ),
        oauth=Dialect(
            title="LinkedIn",
            authorize=(WWW, "/oauth/v2/authorization"),
            token=((WWW, "/oauth/v2/accessToken"),),
            clients=(client_of(SAMPLES["linkedin"]["oauth2"]),),
            mint=_mint,
            scopes=SCOPES,
            client_auth=("body",),
            pkce="ignored",
            access_seconds=_ACCESS,
            reply=_granting(world),
            error=_refused,
            revoke=(WWW, "/oauth/v2/revoke"),
        ),
        windows=dialect.windows,
        headers=dialect.headers,
        check=dialect.objection,
        records=("elements",),
        deliver=_delivers(content),
    )
