"""OAuth 2.0 as pure functions: what to send to the consent page and the token endpoint, and what replies mean.

Authorization code: RFC 6749, 4.1. Refresh: RFC 6749, 6. PKCE with S256: RFC 7636, 4. Loopback redirect: RFC 8252, 7.3.
Client credentials: RFC 6749, 4.4. Signed assertions: RFC 7523, 2.1.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias
from urllib.parse import urlencode, urlsplit

from connectors.sdk.auth import ApiKey, Auth, OAuth2, Settings, TokenGrant, Values
from connectors.sdk.credential import Credential
from core.classify import Disposition, ErrorRule
from core.errors import BadReply
from core.http import Request, Response
from core.secrets import Secret

Send: TypeAlias = Callable[[Request], Response]
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


def consent_url(auth: OAuth2, app: Values, *, redirect_uri: str, state: str, verifier: str) -> str:
    """The address of the platform's consent page for this attempt. `app` holds the client id."""
    params = {
        "response_type": "code",
        auth.client_id_param: app["client_id"],
        "redirect_uri": redirect_uri,
        "state": state,
        **({"scope": auth.scope_separator.join(auth.asked_scopes)} if auth.scopes else {}),
        **({"code_challenge": challenge(verifier), "code_challenge_method": "S256"} if auth.pkce else {}),
        **auth.authorize_params,
    }
    return f"{auth.authorize_url.format_map(app)}?{urlencode(params)}"


def code_request(auth: OAuth2, app: Values, *, code: str, redirect_uri: str, verifier: str) -> Request:
    """Exchanges the authorization code. `app` holds client_id and, for confidential clients, client_secret."""
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
    return _token_request(auth, app, form | ({"code_verifier": verifier} if auth.pkce else {}))


def refreshable(auth: Auth, credential: Credential) -> bool:
    """Whether a newer access token can be had without a person."""
    if isinstance(auth, TokenGrant):
        return True
    has = credential.values
    return isinstance(auth, OAuth2) and bool(has.get("refresh_token") or (auth.renew and has.get("access_token")))


def replaceable(auth: Auth, credential: Credential) -> bool:
    """Whether a token that the platform calls expired can be replaced without a person."""
    return refreshable(auth, credential) and not (isinstance(auth, OAuth2) and not auth.renews_expired)


def refresh_due(auth: Auth, credential: Credential, now: datetime) -> bool:
    """Whether the access token is missing, or about to expire, and a newer one can be had."""
    if isinstance(auth, TokenGrant) and "access_token" not in credential.values:
        return True
    return (
        not isinstance(auth, ApiKey)
        and refreshable(auth, credential)
        and credential.expires_within(auth.refresh_before, now)
    )


def refresh_request(auth: Auth, credential: Credential, settings: Settings, now: datetime) -> Request:
    """Asks for a new access token, where `refreshable`."""
    values = credential.reveal()
    if isinstance(auth, TokenGrant):
        return auth.request(values, settings, now)
    assert isinstance(auth, OAuth2)
    if auth.renew is not None:
        return auth.renew(values, settings)
    return _token_request(auth, values, {"grant_type": "refresh_token", "refresh_token": values["refresh_token"]})


def obtain(auth: OAuth2, app: Credential, asked: Request, send: Send, settings: Settings, now: datetime) -> Credential:
    """The credential that an authorization code gives: its token, and whatever that is exchanged for in turn."""
    credential = granted(auth, send(asked), app, settings, now)
    for step in auth.exchanges:
        reply = send(step.request(credential.reveal(), settings))
        credential = _granted(step.read(reply, settings), auth.keeps, credential, now)
    return credential


def token_request(
    address: str, form: Mapping[str, str], headers: Mapping[str, str] | None = None, *, method: str = "POST"
) -> Request:
    """A request to a token endpoint: a form, or a query where the platform wants a GET."""
    parts = urlsplit(address)
    return Request(
        method=method,
        base=f"{parts.scheme}://{parts.netloc}",
        path=parts.path,
        params=form if method == "GET" else {},
        form=None if method == "GET" else form,
        headers={"Accept": "application/json", **(headers or {})},
        authorized=False,
    )


def basic(user: str, password: str) -> dict[str, str]:
    """The header of HTTP Basic authentication (RFC 7617)."""
    return {"Authorization": f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"}


def _token_request(auth: OAuth2, app: Values, form: Mapping[str, str]) -> Request:
    secret, address = app.get("client_secret", ""), auth.token_url.format_map(app)
    if auth.client_auth == "basic" and secret:
        return token_request(address, form, basic(app["client_id"], secret))
    own = {auth.client_id_param: app.get("client_id", ""), "client_secret": secret}
    return token_request(address, {**form, **{name: value for name, value in own.items() if value}})


def client_credentials_request(address: str, values: Values, *, in_body: bool = True, **more: str) -> Request:
    """RFC 6749, 4.4.2. `values` hold client_id and client_secret; `more` are further members of the form."""
    form = {"grant_type": "client_credentials", **more}
    if not in_body:
        return token_request(address, form, basic(values["client_id"], values["client_secret"]))
    return token_request(address, form | {"client_id": values["client_id"], "client_secret": values["client_secret"]})


def assertion_request(address: str, assertion: str, **more: str) -> Request:
    """RFC 7523, 2.1: a signed assertion in exchange for an access token."""
    grant = "urn:ietf:params:oauth:grant-type:jwt-bearer"
    return token_request(address, {"grant_type": grant, "assertion": assertion, **more})


def granted(
    auth: OAuth2 | TokenGrant, response: Response, before: Credential, settings: Settings, now: datetime
) -> Credential:
    """The credential after a good reply of the token endpoint (RFC 6749, 5.1).

    A refresh token that the reply leaves out is kept (section 6). `expires_in` 0 or absent means: does not expire
    (Mailchimp). Raises BadReply where no access token is given.
    """
    return _granted(auth.read(response, settings), auth.keeps, before, now)


def _granted(reply: Mapping[str, Any], keeps: tuple[str, ...], before: Credential, now: datetime) -> Credential:
    token = reply.get("access_token")
    if not isinstance(token, str) or not token:
        raise BadReply("the token endpoint answered without an access token")
    values = {**before.values, "access_token": Secret(token, "access_token")}
    if isinstance(reply.get("refresh_token"), str):
        values["refresh_token"] = Secret(reply["refresh_token"], "refresh_token")
    values |= {name: Secret(str(reply[name]), name) for name in keeps if reply.get(name) is not None}
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
