from __future__ import annotations

from tests.platforms.told import Told
from tests.spec.judges import Specified
from tests.spec.judging import Judge

_NO_TEAM = "the sandbox's account is in no team"

TOLD = Told(
    unresolved={
        "entries": {
            "symlink_target": "the sandbox has no links in its file system",
            "export_as": "every file of the sandbox can be downloaded as it is",
            "locked_by": "nobody locks files of the sandbox",
            "locked_at": "nobody locks files of the sandbox",
        },
        "shared_links": {"owner_team": _NO_TEAM, "member_name": _NO_TEAM},
        "shared_folders": {
            "parent_shared_folder_id": "no shared folder of the sandbox is in another",
            "parent_folder_name": "no shared folder of the sandbox is in another",
            "owner_team": _NO_TEAM,
        },
        "space_usage": {"team_used": _NO_TEAM, "allocated_within_team": _NO_TEAM},
    },
    leading={"revisions": "/2/files/list_folder"},  # a page may hold folders alone
    states=({}, {"cursor": "c"}, {"page": "c"}),
    records={
        "nango/create-shared-link.json": ("shared_links", ""),
        "nango/get-file-or-folder-metadata.json": ("entries", ""),
        "nango/list-file-revisions.json": ("revisions", "entries"),
        "nango/restore-file-revision.json": ("revisions", ""),
        "nango/share-folder.json": ("shared_folders", ""),
    },
    unread={
        "nango/batch-copy-files-or-folders.json": "an answer to a write, which tells no record",
        "nango/batch-create-folders.json": "an answer to a write, which tells no record",
        "nango/batch-move-files-or-folders.json": "an answer to a write, which tells no record",
        "nango/check-batch-copy-files-or-folders.json": "an answer to a write, which tells no record",
        "nango/check-batch-delete-files-or-folders.json": "an answer to a write, which tells no record",
        "nango/check-batch-move-files-or-folders.json": "an answer to a write, which tells no record",
        "nango/delete-file-or-folder.json": "an answer to a write, which tells no record",
        "nango/download-file.json": "the content of a file",
        "nango/get-file-temporary-link.json": "an address for a file's content",
        "nango/move-file-or-folder.json": "an answer to a write, which tells no record",
        "nango/search-files-and-folders.json": "a search: what it finds is in the stream of entries",
    },
    judge=Judge(
        document=Specified(platform="dropbox"),
        undeclared={
            r"POST /oauth2/token": "the token endpoint is told in the OAuth guide",
            r"POST /2/sharing/": "the namespace sharing is not among what is at hand",
        },
    ),
)
