"""What a file is, and how its metadata is written. https://developers.google.com/workspace/drive/api/guides/create-file

There is no If-Match: `version`, which grows with any change, is compared before. A create that carries an id of
`generateIds` makes one file however often it is sent (409 the second time); without one it must not be repeated.
Deleting skips the trash; to put something into the trash is an update.
"""

from __future__ import annotations

from typing import Final

from connectors.sdk.writing import Key, Record, Write, body_of
from core.errors import UsageError
from core.http import Request, Response
from core.model import Column, Context

WRITE_SCOPE: Final = "https://www.googleapis.com/auth/drive"

FILE_COLUMNS: Final = (
    Column(name="id", required=True, pattern=r"[\w-]+"),
    Column(name="name", required=True),
    Column(name="mime_type", path="mimeType"),
    Column(name="description"),
    Column(name="starred", type="boolean"),
    Column(name="trashed", type="boolean"),
    Column(name="explicitly_trashed", path="explicitlyTrashed", type="boolean", about="Not because its folder was."),
    Column(name="trashed_at", path="trashedTime", type="timestamp", about="In shared drives."),
    Column(name="parents", type="json", about="The folder it is in, as a list."),
    Column(name="drive_id", path="driveId", about="Of a shared drive."),
    Column(name="created_at", path="createdTime", type="timestamp"),
    Column(name="modified_at", path="modifiedTime", type="timestamp"),
    Column(name="shared_with_me_at", path="sharedWithMeTime", type="timestamp"),
    Column(name="version", type="integer", minimum=0, about="Grows with any change."),
    Column(name="size", type="integer", minimum=0, about="Bytes; folders and shortcuts have none."),
    Column(name="quota_bytes_used", path="quotaBytesUsed", type="integer", minimum=0),
    Column(name="md5_checksum", path="md5Checksum"),
    Column(name="sha256_checksum", path="sha256Checksum"),
    Column(name="head_revision_id", path="headRevisionId", about="Changes with the content alone."),
    Column(name="original_filename", path="originalFilename"),
    Column(name="file_extension", path="fileExtension"),
    Column(name="web_view_link", path="webViewLink"),
    Column(name="shared", type="boolean"),
    Column(name="owned_by_me", path="ownedByMe", type="boolean"),
    Column(name="writers_can_share", path="writersCanShare", type="boolean"),
    Column(name="copy_requires_writer", path="copyRequiresWriterPermission", type="boolean"),
    Column(name="owners", type="json"),
    Column(name="last_modifying_user_email", path="lastModifyingUser/emailAddress"),
    Column(name="last_modifying_user_name", path="lastModifyingUser/displayName"),
    Column(name="permission_ids", path="permissionIds", type="json"),
    Column(name="shortcut_target_id", path="shortcutDetails/targetId"),
    Column(name="shortcut_target_mime_type", path="shortcutDetails/targetMimeType"),
    Column(name="properties", type="json", about="Of everybody's."),
    Column(name="app_properties", path="appProperties", type="json", about="Of this app's own."),
)
_ANSWER: Final = "id,name,mimeType,description,starred,trashed,parents,properties,appProperties,version,headRevisionId"
_READ: Final = f"{_ANSWER},md5Checksum,modifiedTime"


def _create(record: Record, context: Context) -> Request:
    return Request(
        method="POST",
        path="/drive/v3/files",
        params={"supportsAllDrives": "true", "fields": _ANSWER},
        json=body_of(FILE_COLUMNS, record),
        repeatable=bool(record.get("id")),
    )


def _update(key: Key, changes: Record, version: str | None, context: Context) -> Request:
    for name in ("id", "parents", "mime_type"):
        if name in changes:
            raise UsageError(f"{name} of a file cannot be written any more", advice="It is set when it is created.")
    return Request(
        method="PATCH",
        path="/drive/v3/files/{id}",
        args={"id": key["id"]},
        params={"supportsAllDrives": "true", "fields": _ANSWER},
        json=body_of(FILE_COLUMNS, changes),
    )


def _delete(key: Key, version: str | None, context: Context) -> Request:
    params = {"supportsAllDrives": "true"}
    return Request(method="DELETE", path="/drive/v3/files/{id}", args={"id": key["id"]}, params=params)


def _read(key: Key, context: Context) -> Request:
    params = {"supportsAllDrives": "true", "fields": _READ}
    return Request(path="/drive/v3/files/{id}", args={"id": key["id"]}, params=params)


def _version(response: Response) -> str | None:
    found = response.get("version")
    return str(found) if found is not None else None


FILE_WRITE: Final = Write(
    writable=(
        "id",
        "name",
        "mime_type",
        "description",
        "starred",
        "trashed",
        "parents",
        "properties",
        "app_properties",
    ),
    create=_create,
    update=_update,
    delete=_delete,
    read=_read,
    version_of=_version,
    control="compare",
    reserve=lambda count: Request(path="/drive/v3/files/generateIds", params={"count": count, "type": "files"}),
    reserved=lambda response: [str(one) for one in response.get("ids", [])],
    scopes=(WRITE_SCOPE,),
    about="Metadata only. Deleting skips the trash.",
)
