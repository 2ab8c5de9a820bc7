"""OAuth 2.0 as pure functions: what to send to the consent page and the token endpoint, and what replies mean.

Authorization code: RFC 6749, 4.1. Refresh: RFC 6749, 6. PKCE with S256: RFC 7636, 4. Loopback redirect: RFC 8252, 7.3.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode, urlsplit

from connectors.sdk.base import OAuth2
from connectors.sdk.credential import Credential
from core.classify import Disposition, ErrorRule
from core.errors import BadReply
from core.http import Request, Response
from core.secrets import Secret

_APP_VALUES: Final = ("client_id", "client_secret")
_REFUSED: Final = (
    "The platform no longer accepts the grant. Connect again: integrations connect {platform} --name {name}"
)

# RFC 6749, 5.2. Not `invalid_request`: that is a defect of ours, not the person's.
TOKEN_ERRORS: Final = tuple(
    ErrorRule(disposition=Disposition.CREDENTIAL_REJECTED, path="error", equals=code, advice=_REFUSED)
    for code in ("invalid_grant", "invalid_client", "unauthorized_client")
)


def new_verifier(random_bytes: Callable[[int], bytes]) -> str:
    """A PKCE code verifier: 43 characters of base64url over 32 random bytes."""
    return base64.urlsafe_b64encode(random_bytes(32)).rstrip(b"=").decode()


def challenge(verifier: str) -> str:
    """The S256 code challenge of a verifier."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def consent_url(auth: OAuth2, *, client_id: str, redirect_uri: str, state: str, verifier: str) -> str:
    """The address of the platform's consent page for this attempt."""
    params = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "state": state,
        **({"scope": auth.scope_separator.join(auth.scopes)} if auth.scopes else {}),
        **({"code_challenge": challenge(verifier), "code_challenge_method": "S256"} if auth.pkce else {}),
        **auth.authorize_params,
    }
    return f"{auth.authorize_url}?{urlencode(params)}"


def code_request(auth: OAuth2, app: Mapping[str, str], *, code: str, redirect_uri: str, verifier: str) -> Request:
    """Exchanges the authorization code. `app` holds client_id and, for confidential clients, client_secret."""
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
    return _token_request(auth, app, form | ({"code_verifier": verifier} if auth.pkce else {}))


def refresh_request(auth: OAuth2, credential: Credential) -> Request:
    """Asks for a new access token with the refresh token."""
    values = credential.reveal()
    return _token_request(auth, values, {"grant_type": "refresh_token", "refresh_token": values["refresh_token"]})


def _token_request(auth: OAuth2, app: Mapping[str, str], form: Mapping[str, str]) -> Request:
    secret = app.get("client_secret", "")
    headers, body = {"Accept": "application/json"}, dict(form)
    if auth.client_auth == "basic" and secret:
        pair = base64.b64encode(f"{app['client_id']}:{secret}".encode()).decode()
        headers["Authorization"] = f"Basic {pair}"
    else:
        body |= {name: app[name] for name in _APP_VALUES if app.get(name)}
    parts = urlsplit(auth.token_url)
    return Request(
        method="POST",
        base=f"{parts.scheme}://{parts.netloc}",
        path=parts.path,
        form=body,
        headers=headers,
        authorized=False,
    )


def granted(response: Response, before: Credential, now: datetime) -> Credential:
    """The credential after a good reply of the token endpoint (RFC 6749, 5.1).

    A refresh token that the reply leaves out is kept (section 6). `expires_in` 0 or absent means: does not expire
    (Mailchimp). Raises BadReply where no access token is given.
    """
    reply = response.json()
    token = reply.get("access_token") if isinstance(reply, dict) else None
    if not isinstance(token, str) or not token:
        raise BadReply("the token endpoint answered without an access token")
    values = {**before.values, "access_token": Secret(token, "access_token")}
    if isinstance(reply.get("refresh_token"), str):
        values["refresh_token"] = Secret(reply["refresh_token"], "refresh_token")
    seconds = reply.get("expires_in") or 0
    return replace(
        before,
        values=values,
        scopes=_scopes(reply.get("scope") or reply.get("scopes")) or before.scopes,
        expires_at=now + timedelta(seconds=float(seconds)) if seconds else None,
    )


def _scopes(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(value.replace(",", " ").split())
    return tuple(str(scope) for scope in value) if isinstance(value, list) else ()
