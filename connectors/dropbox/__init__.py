"""Dropbox, API version 2.

Quirks, and where they are told:
- All calls are POST. A route without arguments wants an empty body and no content type.
- One cursor serves for the first listing and for changes for ever after. The entries of changes must be applied in
  order: a deletion takes all that was below the path, and a file takes the place of a folder and all that was in it.
  https://www.dropbox.com/developers/documentation/http/documentation#files-list_folder
- Deletions have no id, only the path, and paths do not tell upper from lower case: `path_lower` is the key.
- Revisions are taken from the same feed, as it told them: those of each file apart would take a call per file.
- 409 is the status of every error of a route, be it "not found", a rate limit or a cursor that is no longer known;
  a missing scope is 401. What went wrong is told by nested tags, which `error_summary` names one after the other.
  https://www.dropbox.com/developers/documentation/http/documentation#error-handling
- Where an account's root is another than its home (team spaces), calls must name the root in a header.
  https://www.dropbox.com/developers/reference/path-root-header-modes
- Content is uploaded to a host of its own, with the argument in a header, which is ASCII.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from connectors.dropbox.streams import ENTRIES, READ_SCOPES, REVISIONS, SHARED_FOLDERS, SHARED_LINKS, SPACE_USAGE
from connectors.dropbox.webhooks import INBOUND
from connectors.dropbox.writes import CONTENT_HOST
from connectors.sdk.auth import ApiKey, Field, OAuth2, Settings
from connectors.sdk.base import Connector, Version
from connectors.sdk.oauth2 import TOKEN_ERRORS
from core.classify import Disposition, ErrorRule
from core.http import Request, Response
from core.pacing import RateLimit

VERSION: Final = Version(name="2", read=date(2026, 11, 23))
_LOOK_AGAIN: Final = "It was changed meanwhile, or something else is there: look at it again before writing."


def _by_tag(
    disposition: Disposition, *tags: str, advice: str = "", retry_in: float | None = None
) -> tuple[ErrorRule, ...]:
    """Rules for these tags, wherever among the nested ones they stand."""
    return tuple(
        ErrorRule(
            disposition=disposition,
            status=409,
            path="error_summary",
            contains=tag,
            advice=advice,
            retry_in=retry_in,
        )
        for tag in tags
    )


def _discover(response: Response) -> Settings:
    return {
        "account": response.get("email") or response.get("account_id"),
        "account_id": response.get("account_id"),
        "root_namespace_id": response.get("root_info/root_namespace_id"),
        "home_namespace_id": response.get("root_info/home_namespace_id"),
    }


_APP: Final = r"[a-z0-9]{10,40}"

CONNECTOR: Final = Connector(
    name="dropbox",
    title="Dropbox",
    category="storage",
    base_url="https://api.dropboxapi.com",
    hosts=("api.dropboxapi.com", CONTENT_HOST),
    auth=(
        # https://www.dropbox.com/developers/documentation/http/documentation#authorization
        OAuth2(
            authorize_url="https://www.dropbox.com/oauth2/authorize",
            token_url="https://api.dropboxapi.com/oauth2/token",
            scopes=READ_SCOPES,
            # Without it there is no refresh token, and the access token ends after four hours.
            authorize_params={"token_access_type": "offline"},
            fields=(
                Field(
                    name="client_id",
                    title="App key",
                    secret=False,
                    pattern=_APP,
                    help="In the App Console: Settings > App key. Under Permissions, tick account_info.read, "
                    "files.metadata.read and sharing.read before connecting.",
                ),
                Field(
                    name="client_secret",
                    title="App secret",
                    pattern=_APP,
                    optional=True,
                    help="In the App Console: Settings > App secret. Leave it empty to connect with PKCE alone.",
                ),
            ),
        ),
        ApiKey(
            name="access_token",
            title="Access token from the App Console",
            fields=(
                Field(
                    name="token",
                    title="Access token",
                    # sl. today; the long-lived tokens of before 2021 are 64 characters with a run of A in them.
                    pattern=r"sl\.[A-Za-z0-9_.\-]{20,}|[A-Za-z0-9]{11}AAAAAAAAAA[A-Za-z0-9_=\-]{43}",
                    help="In the App Console: Settings > Generated access token. It lasts four hours.",
                ),
            ),
        ),
    ),
    probe=lambda method, settings: Request(method="POST", path="/2/users/get_current_account"),
    discover=_discover,
    streams=(ENTRIES, REVISIONS, SHARED_LINKS, SHARED_FOLDERS, SPACE_USAGE),
    # Not published; equal calls at the same time are refused, and 429 tells how long to wait.
    rate_limit=RateLimit(concurrency=4),
    # https://www.dropbox.com/developers/documentation/http/documentation#error-handling
    errors=(
        *TOKEN_ERRORS,
        ErrorRule(disposition=Disposition.REFRESH_TOKEN, status=401, path="error/.tag", equals="expired_access_token"),
        ErrorRule(
            disposition=Disposition.SCOPE_MISSING,
            status=401,
            path="error/.tag",
            equals="missing_scope",
            advice="Tick the scope in the App Console under Permissions, then connect again: "
            "integrations connect {platform} --name {name}",
        ),
        ErrorRule(
            disposition=Disposition.CREDENTIAL_REJECTED,
            status=401,
            path="error/.tag",
            equals="user_suspended",
            advice="The Dropbox account is suspended: have it opened again, or connect another one with "
            "integrations connect {platform} --name {name}",
        ),
        ErrorRule(
            disposition=Disposition.CREDENTIAL_REJECTED,
            status=401,
            path="error/.tag",
            among=("invalid_select_user", "invalid_select_admin"),
            advice="This is the token of a whole team. Connect with the account of one person: "
            "integrations connect {platform} --name {name}",
        ),
        ErrorRule(
            disposition=Disposition.SCOPE_MISSING,
            status=401,
            path="error/.tag",
            equals="route_access_denied",
            advice="Dropbox does not let this app make the call: ask Dropbox to allow it, or leave the stream out.",
        ),
        ErrorRule(disposition=Disposition.CREDENTIAL_REJECTED, status=401),
        ErrorRule(
            disposition=Disposition.SCOPE_MISSING,
            status=403,
            path="error/.tag",
            equals="invalid_account_type",
            advice="The plan of this Dropbox account does not have that: choose another plan, or leave the stream out.",
        ),
        ErrorRule(
            disposition=Disposition.SCOPE_MISSING,
            status=403,
            advice="The account or its team does not allow it: ask the administrator of the Dropbox team.",
        ),
        # Of a listing, of shared links, and of shared folders.
        ErrorRule(
            disposition=Disposition.RESET_STATE, status=409, path="error/.tag", among=("reset", "invalid_cursor")
        ),
        *_by_tag(Disposition.RATE_LIMITED, "too_many_write_operations", retry_in=1),
        *_by_tag(
            Disposition.QUOTA_EXHAUSTED,
            "insufficient_space",
            "insufficient_quota",
            advice="Make room in the Dropbox, or choose a larger plan. The sync stops until then, and goes on from "
            "where it was.",
        ),
        *_by_tag(
            Disposition.FAIL,
            "email_not_verified",
            advice="Dropbox does this only for accounts whose e-mail address is verified: verify it at dropbox.com.",
        ),
        *_by_tag(
            Disposition.SCOPE_MISSING,
            "no_write_permission",
            "access_restricted",
            "team_folder",
            "cant_move_shared_folder",
            "cant_transfer_ownership",
            advice="The account may not write there: have its owner grant the right to edit, or write elsewhere.",
        ),
        *_by_tag(Disposition.FAIL, "conflict", advice=_LOOK_AGAIN),
        *_by_tag(
            Disposition.FAIL,
            "not_found",
            advice="It is gone, or no longer shared with this account: the next sync leaves it out.",
        ),
        *_by_tag(
            Disposition.FAIL, "/locked", advice="Somebody has locked the file: it can be written once it is unlocked."
        ),
        ErrorRule(
            disposition=Disposition.FAIL,
            status=422,
            advice="The account has moved to another root. Look at it again: integrations check {name}",
        ),
    ),
    version=VERSION,
    inbound=INBOUND,
    unverified=(
        "Rate limits are not published; the wait that a reply names is kept to.",
        "That refresh tokens are never rotated: one that comes is saved.",
        "The forms of app keys, secrets and tokens, whose lengths have grown before.",
        "Members of shared links and shared folders, whose part of the specification is not at hand: none but the "
        "name and the key is insisted on.",
        "How often a webhook is tried, how soon it wants its answer, and whether an address that fails is disabled.",
        "That the header of an argument must escape the character DEL.",
    ),
    docs="https://www.dropbox.com/developers/documentation/http/documentation",
)
