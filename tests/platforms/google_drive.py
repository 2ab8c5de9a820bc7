from __future__ import annotations

from tests.platforms.told import Told
from tests.spec.discovery import Documents
from tests.spec.judging import Judge

_WRITE = "an answer to a write, which tells no record"

TOLD = Told(
    unresolved={
        "files": {
            "drive_id": "My Drive is no shared drive; what is shared out of one may have it",
            "trashed_at": "told in shared drives only",
        },
        "drive_files": {
            "owners": "files of shared drives belong to the drive",
            "permission_ids": "not told in shared drives",
            "shared_with_me_at": "files of shared drives are not shared one by one",
        },
    },
    states=({}, {"start": "2280"}, {"since": "2280"}),
    parent={"id": "0AMqgqeoRnQ4eUk9PVA"},
    records={
        "nango/copy-file.json": ("files", ""),
        "nango/create-shared-drive.json": ("drives", ""),
        "nango/get-permission.json": ("drive_permissions", ""),
        "nango/hide-shared-drive.json": ("drives", ""),
        "nango/move-file.json": ("files", ""),
        "nango/update-file.json": ("files", ""),
        "nango/update-permission.json": ("drive_permissions", ""),
        "nango/upload-document.json": ("files", ""),
    },
    unread={
        "nango/delete-file.json": _WRITE,
        "nango/delete-permission.json": _WRITE,
        "nango/delete-shared-drive.json": _WRITE,
        "nango/get-revision.json": "data that no stream reads: it takes a call per file",
        "nango/list-comments.json": "data that no stream reads: it takes a call per file",
        "nango/update-comment.json": "data that no stream reads: it takes a call per file",
        "nango/upload-document-cleanup-on-failure.json": "an upload of content that is taken back",
    },
    judge=Judge(
        document=Documents(platform="google_drive", names=("drive.v3.json",)),
        undeclared={r"POST /token": "the token endpoint is told in the OAuth guide"},
    ),
)
