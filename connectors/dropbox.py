"""Dropbox, API version 2.

Quirks, and where they are told:
- All calls are POST. A route without arguments wants an empty body and no content type.
- One cursor serves for the first listing and for changes for ever after. The entries of changes must be applied in
  order: a deletion takes all that was below the path, and a file takes the place of a folder and all that was in it.
  https://www.dropbox.com/developers/documentation/http/documentation#files-list_folder
- Deletions have no id, only the path, and paths do not tell upper from lower case: `path_lower` is the key.
- 409 is the status of every error of a route, be it "not found", a rate limit or a cursor that is no longer known;
  a missing scope is 401.
- Where an account's root is another than its home (team spaces), calls must name the root in a header.
  https://www.dropbox.com/developers/reference/path-root-header-modes
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

import msgspec

from connectors.sdk.auth import ApiKey, Field, OAuth2, Settings
from connectors.sdk.base import Connector, Version
from connectors.sdk.oauth2 import TOKEN_ERRORS
from connectors.sdk.streams import delta_stream, object_stream, value_of
from core.classify import Disposition, ErrorRule
from core.http import JSON, Request, Response
from core.model import Column, Context, Deletion
from core.pacing import RateLimit

VERSION: Final = Version(name="2", read=date(2026, 11, 23))
_PAGE: Final = 2000


def _rooted(context: Context) -> Mapping[str, str]:
    root = context.settings.get("root_namespace_id")
    if not root or root == context.settings.get("home_namespace_id"):
        return {}
    return {"Dropbox-API-Path-Root": msgspec.json.encode({".tag": "root", "root": root}).decode()}


def _list(context: Context) -> Request:
    body: dict[str, JSON] = {
        "path": "",
        "recursive": True,
        "include_deleted": False,
        "include_mounted_folders": True,
        "include_non_downloadable_files": True,
        "limit": _PAGE,
    }
    return Request(method="POST", path="/2/files/list_folder", json=body, headers=_rooted(context))


def _continue(cursor: str, context: Context) -> Request:
    return Request(
        method="POST", path="/2/files/list_folder/continue", json={"cursor": cursor}, headers=_rooted(context)
    )


def _split(entries: Sequence[bytes], listing: bool) -> tuple[list[bytes], list[Deletion], list[int]]:
    found: list[bytes] = []
    deleted: list[Deletion] = []
    deleted_at: list[int] = []
    for entry in entries:
        kind = value_of(entry, ".tag")
        if kind == "deleted" or (kind == "file" and not listing):
            deleted.append(Deletion(match={"path_lower": str(value_of(entry, "path_lower"))}, subtree=True))
            deleted_at.append(len(found))
        if kind != "deleted":
            found.append(entry)
    return found, deleted, deleted_at


ENTRIES: Final = delta_stream(
    name="entries",
    ask=_list,
    resume=_continue,
    cursor="cursor",
    more_flag="has_more",
    split=_split,
    records="entries",
    key=("path_lower",),
    columns=(
        Column(name="path_lower", required=True, pattern=r"/[\s\S]*"),
        Column(name="path_display"),
        Column(name="id", required=True, pattern=r"id:.+"),
        Column(name="kind", path=".tag", required=True, choices=("file", "folder")),
        Column(name="name", required=True),
        Column(name="size", type="integer", minimum=0, about="Bytes; folders have none."),
        Column(name="rev"),
        Column(name="content_hash", pattern=r"[0-9a-f]{64}"),
        Column(name="client_modified", type="timestamp"),
        Column(name="server_modified", type="timestamp"),
        Column(name="is_downloadable", type="boolean"),
        Column(name="shared_folder_id", path="sharing_info/shared_folder_id"),
        Column(name="parent_shared_folder_id", path="sharing_info/parent_shared_folder_id"),
    ),
    sweep=True,
    scopes=("files.metadata.read",),
    about="Files and folders, as they are now.",
)
SPACE_USAGE: Final = object_stream(
    name="space_usage",
    ask=lambda context: Request(method="POST", path="/2/users/get_space_usage"),
    record="",
    key=("allocation_kind",),
    columns=(
        Column(name="allocation_kind", path="allocation/.tag", required=True),
        Column(name="used", type="integer", required=True, minimum=0, about="Bytes."),
        Column(name="allocated", type="integer", path="allocation/allocated", minimum=0, about="Bytes."),
        Column(name="team_used", type="integer", path="allocation/used", minimum=0, about="Bytes, in a team."),
    ),
    scopes=("account_info.read",),
    about="How much room is used and granted, day by day.",
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
    hosts=("api.dropboxapi.com",),
    auth=(
        # https://www.dropbox.com/developers/documentation/http/documentation#authorization
        OAuth2(
            authorize_url="https://www.dropbox.com/oauth2/authorize",
            token_url="https://api.dropboxapi.com/oauth2/token",
            scopes=("account_info.read", "files.metadata.read"),
            # Without it there is no refresh token, and the access token ends after four hours.
            authorize_params={"token_access_type": "offline"},
            fields=(
                Field(name="client_id", title="App key", secret=False, pattern=_APP),
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
    streams=(ENTRIES, SPACE_USAGE),
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
        ErrorRule(disposition=Disposition.CREDENTIAL_REJECTED, status=401),
        ErrorRule(disposition=Disposition.RESET_STATE, status=409, path="error/.tag", equals="reset"),
        ErrorRule(
            disposition=Disposition.RATE_LIMITED,
            status=409,
            path="error_summary",
            contains="too_many_write_operations",
            retry_in=1,
        ),
        ErrorRule(
            disposition=Disposition.QUOTA_EXHAUSTED, status=409, path="error_summary", contains="insufficient_space"
        ),
        ErrorRule(
            disposition=Disposition.FAIL,
            status=422,
            advice="The account has moved to another root. Look at it again: integrations check {name}",
        ),
    ),
    version=VERSION,
    unverified=(
        "Rate limits are not published; the wait that a reply names is kept to.",
        "That refresh tokens are never rotated: one that comes is saved.",
    ),
    docs="https://www.dropbox.com/developers/documentation/http/documentation",
)
