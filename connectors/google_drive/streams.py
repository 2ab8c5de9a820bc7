"""What is read of Google Drive: files by listing and change log, shared drives and who is in them, room used."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from connectors.google_drive.writes import FILE_COLUMNS, FILE_WRITE
from connectors.sdk.base import Parent, Stream
from connectors.sdk.streams import at, object_stream, present_records, to_page, token_stream, value_of
from core.errors import BadReply
from core.http import Params, Request, Response
from core.model import Column, Context, Deletion, Page, State

READ_SCOPE: Final = "https://www.googleapis.com/auth/drive.readonly"
_PAGE: Final = 1000

# Without a mask only four members come, and none of them says when anything changed.
FILE_FIELDS: Final = (
    "id,name,mimeType,description,starred,trashed,explicitlyTrashed,trashedTime,parents,driveId,createdTime,"
    "modifiedTime,sharedWithMeTime,version,size,quotaBytesUsed,md5Checksum,sha256Checksum,headRevisionId,"
    "originalFilename,fileExtension,webViewLink,shared,ownedByMe,writersCanShare,copyRequiresWriterPermission,"
    "owners(emailAddress,displayName,permissionId),lastModifyingUser(emailAddress,displayName,permissionId),"
    "permissionIds,shortcutDetails(targetId,targetMimeType),properties,appProperties"
)


def _files(name: str, *, parent: Parent | None, about: str) -> Stream:
    """The files of a log of changes: of the person, or (with a parent) of one shared drive, which has its own.

    The log's place is taken before the listing, so that what changes during it is told again afterwards. State:
    {"start": place, "page": token} during the listing, {"since": place} from then on.
    """

    def where(context: Context) -> Params:
        if context.parent is None:
            return {"supportsAllDrives": "true"}
        return {"supportsAllDrives": "true", "driveId": str(context.parent["id"])}

    def listing(state: State, context: Context) -> Request:
        of_drive = context.parent is not None
        asked = Request(
            path="/drive/v3/files",
            params={
                **where(context),
                "corpora": "drive" if of_drive else "user",
                "includeItemsFromAllDrives": str(of_drive).lower(),
                "spaces": "drive",
                "pageSize": _PAGE,
                "fields": f"nextPageToken,incompleteSearch,files({FILE_FIELDS})",
            },
        )
        return to_page(asked, "pageToken", state["page"]) if "page" in state else asked

    def changes(place: str, context: Context) -> Request:
        return Request(
            path="/drive/v3/changes",
            params={
                **where(context),
                "pageToken": place,
                "includeRemoved": "true",
                "includeItemsFromAllDrives": str(context.parent is not None).lower(),
                "spaces": "drive",
                "pageSize": _PAGE,
                "fields": f"nextPageToken,newStartPageToken,changes(changeType,removed,fileId,file({FILE_FIELDS}))",
            },
        )

    def request(state: State, context: Context) -> Request:
        if "since" in state:
            return changes(str(state["since"]), context)
        if "start" in state:
            return listing(state, context)
        return Request(path="/drive/v3/changes/startPageToken", params=where(context))

    def parse(asked: Request, response: Response, state: State, context: Context) -> Page:
        if "since" in state:
            return _changed(response, context)
        if "start" not in state:
            begun: State = {"start": _place(response, "startPageToken")}
            return Page(records=(), state=begun, next=listing(begun, context))
        if response.get("incompleteSearch") is True:
            raise BadReply("the listing is not complete, so it cannot tell what is gone")
        found = present_records(response, "files", "incompleteSearch")
        token = response.get("nextPageToken")
        if token is None:
            return Page(records=found, state={"since": state["start"]})
        middle: State = {"start": state["start"], "page": token}
        return Page(records=found, state=middle, next=listing(middle, context))

    def _changed(response: Response, context: Context) -> Page:
        found, deleted, deleted_at = _split(response.records("changes"))
        goes_on = response.get("nextPageToken") is not None
        place = _place(response, "nextPageToken" if goes_on else "newStartPageToken")
        return Page(
            records=found,
            deleted=deleted,
            deleted_at=deleted_at,
            state={"since": place},
            next=changes(place, context) if goes_on else None,
        )

    return Stream(
        name=name,
        columns=FILE_COLUMNS,
        request=request,
        parse=parse,
        sweep=True,
        parent=parent,
        scopes=(READ_SCOPE,),
        write=FILE_WRITE,
        about=about,
    )


def _place(response: Response, path: str) -> str:
    found = response.get(path)
    if not found:
        raise BadReply(f"the reply has no place in the log of changes at {path!r}")
    return str(found)


def _split(changes: Sequence[bytes]) -> tuple[list[bytes], list[Deletion], list[int]]:
    """The files that changed, and those that are gone or out of sight. Of drives themselves there are entries too."""
    found: list[bytes] = []
    deleted: list[Deletion] = []
    deleted_at: list[int] = []
    for change in changes:
        number = value_of(change, "fileId")
        if value_of(change, "changeType") == "drive" or number is None:
            continue
        file = None if value_of(change, "removed") is True else Response(status=200, body=change).raw("file")
        if file is not None:
            found.append(file)
        else:
            deleted.append(Deletion(match={"id": str(number)}))
            deleted_at.append(len(found))
    return found, deleted, deleted_at


FILES: Final = _files(
    "files",
    parent=None,
    about="Files and folders of My Drive and those shared with the person; what is in the trash is marked.",
)
DRIVES: Final = token_stream(
    name="drives",
    ask=lambda context: Request(
        path="/drive/v3/drives",
        params={
            "pageSize": 100,
            "fields": "nextPageToken,drives(id,name,createdTime,hidden,colorRgb,themeId,orgUnitId,restrictions)",
        },
    ),
    records="drives",
    bare=True,
    next_token=at("nextPageToken"),
    token_param="pageToken",
    columns=(
        Column(name="id", required=True, pattern=r"[\w-]+"),
        Column(name="name", required=True),
        Column(name="created_at", path="createdTime", type="timestamp"),
        Column(name="hidden", type="boolean"),
        Column(name="color", path="colorRgb"),
        Column(name="theme_id", path="themeId"),
        Column(name="org_unit_id", path="orgUnitId"),
        Column(name="restrictions", type="json"),
    ),
    scopes=(READ_SCOPE,),
    about="The shared drives that the person is a member of.",
)
_OF_DRIVE: Final = Parent(stream="drives", columns=("id",))
DRIVE_FILES: Final = _files("drive_files", parent=_OF_DRIVE, about="Files and folders of the shared drives.")


def _ask_members(context: Context) -> Request:
    assert context.parent is not None
    return Request(
        path="/drive/v3/files/{drive_id}/permissions",
        args={"drive_id": str(context.parent["id"])},
        params={
            "supportsAllDrives": "true",
            "pageSize": 100,
            "fields": "nextPageToken,permissions(id,type,role,emailAddress,domain,displayName,deleted,expirationTime)",
        },
    )


DRIVE_PERMISSIONS: Final = token_stream(
    name="drive_permissions",
    ask=_ask_members,
    records="permissions",
    bare=True,
    next_token=at("nextPageToken"),
    token_param="pageToken",
    parent=_OF_DRIVE,
    key=("drive_id", "id"),
    columns=(
        Column(name="drive_id", path="@parent/id", required=True),
        Column(name="id", required=True),
        Column(name="type", about="user, group, domain or anyone"),
        Column(name="role"),
        Column(name="email", path="emailAddress"),
        Column(name="domain"),
        Column(name="display_name", path="displayName"),
        Column(name="deleted", type="boolean", about="The account behind it is gone."),
        Column(name="expires_at", path="expirationTime", type="timestamp"),
    ),
    scopes=(READ_SCOPE,),
    about="Who may do what in each shared drive.",
)


def about_request() -> Request:
    """Who one is, and the room. This call refuses to answer without a mask."""
    return Request(path="/drive/v3/about", params={"fields": "user,storageQuota"})


STORAGE_QUOTA: Final = object_stream(
    name="storage_quota",
    ask=lambda context: about_request(),
    record="",
    key=("permission_id",),
    columns=(
        Column(name="permission_id", path="user/permissionId", required=True),
        Column(name="email", path="user/emailAddress"),
        Column(name="display_name", path="user/displayName"),
        Column(name="limit", path="storageQuota/limit", type="integer", minimum=0, about="Bytes; none: unlimited."),
        Column(name="usage", path="storageQuota/usage", type="integer", minimum=0, about="Bytes, of all services."),
        Column(name="usage_in_drive", path="storageQuota/usageInDrive", type="integer", minimum=0),
        Column(name="usage_in_trash", path="storageQuota/usageInDriveTrash", type="integer", minimum=0),
    ),
    scopes=(READ_SCOPE,),
    about="How much room is used and granted, day by day.",
)
