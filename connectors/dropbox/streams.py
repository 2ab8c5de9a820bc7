"""What is read of Dropbox: files and folders, their revisions, what is shared and by link, room used."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

from connectors.dropbox.writes import ENTRY_WRITE, rooted
from connectors.sdk.base import Stream
from connectors.sdk.streams import (
    Ask,
    at,
    delta_stream,
    object_stream,
    present_records,
    token_stream,
    value_of,
)
from core.errors import BadReply
from core.http import JSON, Request, Response
from core.model import EMPTY_STATE, Column, Context, Deletion, Page, State

READ_SCOPES: Final = ("account_info.read", "files.metadata.read", "sharing.read")
_PAGE: Final = 2000
# Not that of the entries: equal calls at the same time are refused, and the two feeds may be read at once.
_REVISIONS_PAGE: Final = 1000
_FOLDERS_PAGE: Final = 100

Split: TypeAlias = Callable[[Sequence[bytes], bool], tuple[list[bytes], list[Deletion], list[int]]]


def _list(context: Context, size: int) -> Request:
    body: dict[str, JSON] = {
        "path": "",
        "recursive": True,
        "include_deleted": False,
        "include_mounted_folders": True,
        "include_non_downloadable_files": True,
        "limit": size,
    }
    return Request(method="POST", path="/2/files/list_folder", json=body, headers=rooted(context))


def _continue(cursor: str, context: Context) -> Request:
    return Request(
        method="POST", path="/2/files/list_folder/continue", json={"cursor": cursor}, headers=rooted(context)
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


def _files_alone(entries: Sequence[bytes], listing: bool) -> tuple[list[bytes], list[Deletion], list[int]]:
    return [entry for entry in entries if value_of(entry, ".tag") == "file"], [], []


def _feed(name: str, ask: Ask, split: Split, columns: tuple[Column, ...], **more: Any) -> Stream:
    """A stream of the entries that the cursor tells."""
    return delta_stream(
        name=name,
        ask=ask,
        resume=_continue,
        cursor="cursor",
        more_flag="has_more",
        split=split,
        records="entries",
        columns=columns,
        scopes=("files.metadata.read",),
        **more,
    )


_ID: Final = Column(name="id", required=True, pattern=r"id:.+")
_NAME: Final = Column(name="name", required=True)
_CONTENT: Final = (
    Column(name="content_hash", pattern=r"[0-9a-f]{64}"),
    Column(name="client_modified", type="timestamp"),
    Column(name="server_modified", type="timestamp"),
    Column(name="is_downloadable", type="boolean"),
)
_MODIFIED_BY: Final = Column(
    name="modified_by", path="sharing_info/modified_by", about="An account's id, in shared folders."
)
_PARENT_SHARED: Final = Column(name="parent_shared_folder_id", path="sharing_info/parent_shared_folder_id")

ENTRIES: Final = _feed(
    "entries",
    lambda context: _list(context, _PAGE),
    _split,
    (
        Column(name="path_lower", required=True, pattern=r"/[\s\S]*"),
        Column(name="path_display"),
        _ID,
        Column(name="kind", path=".tag", required=True, choices=("file", "folder")),
        _NAME,
        Column(name="size", type="integer", minimum=0, about="Bytes; folders have none."),
        Column(name="rev"),
        *_CONTENT,
        Column(name="shared_folder_id", path="sharing_info/shared_folder_id"),
        _PARENT_SHARED,
        _MODIFIED_BY,
        Column(name="read_only", path="sharing_info/read_only", type="boolean"),
        Column(name="traverse_only", path="sharing_info/traverse_only", type="boolean", about="Of folders."),
        Column(name="no_access", path="sharing_info/no_access", type="boolean", about="Of folders."),
        Column(name="symlink_target", path="symlink_info/target"),
        Column(name="export_as", path="export_info/export_as", about="Of what cannot be downloaded as it is."),
        Column(name="locked_by", path="file_lock_info/lockholder_name"),
        Column(name="locked_at", path="file_lock_info/created", type="timestamp"),
    ),
    key=("path_lower",),
    sweep=True,
    write=ENTRY_WRITE,
    about="Files and folders, as they are now.",
)
REVISIONS: Final = _feed(
    "revisions",
    lambda context: _list(context, _REVISIONS_PAGE),
    _files_alone,
    (
        _ID,
        Column(name="rev", required=True),
        _NAME,
        Column(name="path_lower"),
        Column(name="path_display"),
        Column(name="size", type="integer", minimum=0, about="Bytes."),
        *_CONTENT,
        _PARENT_SHARED,
        _MODIFIED_BY,
    ),
    key=("id", "rev"),
    about="Every revision of a file that a sync has seen. One that came and went between two syncs is not told.",
)


def _more_links(response: Response, records: Sequence[bytes]) -> str | None:
    """The last page may have a cursor too. Raises BadReply where there are more, and none: the rest is not gone."""
    cursor = response.get("cursor")
    if response.get("has_more") is not True:
        return None
    if not cursor:
        raise BadReply("the reply tells of more links, and holds no cursor to go on from")
    return str(cursor)


SHARED_LINKS: Final = token_stream(
    name="shared_links",
    ask=lambda context: Request(method="POST", path="/2/sharing/list_shared_links", json={}, headers=rooted(context)),
    records="links",
    next_token=_more_links,
    token_param="cursor",
    in_body=True,
    key=("url",),
    columns=(
        Column(name="url", required=True, pattern=r"https://.+", about="Whoever has it may follow it."),
        Column(name="id", about="Of the file or folder, where it is in this Dropbox."),
        Column(name="kind", path=".tag", about="file or folder"),
        _NAME,
        Column(name="path_lower", about="Null for links to what others own."),
        Column(name="size", type="integer", minimum=0, about="Bytes; folders have none."),
        Column(name="rev"),
        Column(name="client_modified", type="timestamp"),
        Column(name="server_modified", type="timestamp"),
        Column(name="created_at", path="created_timestamp", type="timestamp"),
        Column(name="expires_at", path="expires", type="timestamp"),
        Column(name="visibility", path="link_permissions/resolved_visibility/.tag"),
        Column(name="requested_visibility", path="link_permissions/requested_visibility/.tag"),
        Column(name="audience", path="link_permissions/effective_audience/.tag"),
        Column(name="access_level", path="link_permissions/link_access_level/.tag", about="viewer or editor"),
        Column(name="can_revoke", path="link_permissions/can_revoke", type="boolean"),
        Column(name="allow_download", path="link_permissions/allow_download", type="boolean"),
        Column(name="require_password", path="link_permissions/require_password", type="boolean"),
        Column(name="owner_team", path="content_owner_team_info/name"),
        Column(name="member_name", path="team_member_info/display_name", about="Whose link it is, in a team."),
    ),
    scopes=("sharing.read",),
    about="Links by which files and folders are shared.",
)


def _ask_folders(state: State, context: Context) -> Request:
    if "page" in state:
        body: dict[str, JSON] = {"cursor": state["page"]}
        path = "/2/sharing/list_folders/continue"
    else:
        body, path = {"limit": _FOLDERS_PAGE}, "/2/sharing/list_folders"
    return Request(method="POST", path=path, json=body, headers=rooted(context))


def _read_folders(asked: Request, response: Response, state: State, context: Context) -> Page:
    found = present_records(response, "entries")
    cursor = at("cursor")(response, found)
    if cursor is None:
        return Page(records=found, state=EMPTY_STATE)
    middle: State = {"page": cursor}
    return Page(records=found, state=middle, next=_ask_folders(middle, context))


SHARED_FOLDERS: Final = Stream(
    name="shared_folders",
    request=_ask_folders,
    parse=_read_folders,
    key=("shared_folder_id",),
    columns=(
        Column(name="shared_folder_id", required=True),
        _NAME,
        Column(name="access_type", path="access_type/.tag", about="owner, editor, viewer and the like"),
        Column(name="path_lower", about="Null where it is not mounted."),
        Column(name="path_display"),
        Column(name="folder_id"),
        Column(name="parent_shared_folder_id"),
        Column(name="parent_folder_name"),
        Column(name="is_team_folder", type="boolean"),
        Column(name="is_inside_team_folder", type="boolean"),
        Column(name="owner_team", path="owner_team/name"),
        Column(name="owner_names", path="owner_display_names", type="json"),
        Column(name="time_invited", type="timestamp"),
        Column(name="preview_url"),
        Column(name="access_inheritance", path="access_inheritance/.tag"),
        Column(name="member_policy", path="policy/member_policy/.tag", about="Who may become a member."),
        Column(name="acl_update_policy", path="policy/acl_update_policy/.tag", about="Who may change members."),
        Column(name="shared_link_policy", path="policy/shared_link_policy/.tag", about="Whom links may be for."),
        Column(name="viewer_info_policy", path="policy/viewer_info_policy/.tag"),
    ),
    sweep=True,
    scopes=("sharing.read",),
    about="Shared folders that the account is a member of, mounted or not.",
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
        Column(
            name="allocated_within_team",
            type="integer",
            path="allocation/user_within_team_space_allocated",
            minimum=0,
            about="Bytes; 0: no limit of one's own.",
        ),
    ),
    scopes=("account_info.read",),
    about="How much room is used and granted, day by day.",
)
