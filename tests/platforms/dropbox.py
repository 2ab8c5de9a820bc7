from __future__ import annotations

from tests.platforms.told import Told
from tests.spec.judges import Specified
from tests.spec.judging import Judge

TOLD = Told(
    unresolved={
        "entries": {
            "shared_folder_id": "the sandbox's account shares no folder",
            "parent_shared_folder_id": "the sandbox's account shares no folder",
        },
        "space_usage": {"team_used": "the sandbox's account is in no team"},
    },
    states=({}, {"cursor": "c"}),
    records={"nango/get-file-or-folder-metadata.json": ("entries", "")},
    unread={
        "nango/batch-copy-files-or-folders.json": "an answer to a write, which tells no record",
        "nango/batch-create-folders.json": "an answer to a write, which tells no record",
        "nango/batch-move-files-or-folders.json": "an answer to a write, which tells no record",
        "nango/check-batch-copy-files-or-folders.json": "an answer to a write, which tells no record",
        "nango/check-batch-delete-files-or-folders.json": "an answer to a write, which tells no record",
        "nango/check-batch-move-files-or-folders.json": "an answer to a write, which tells no record",
        "nango/create-shared-link.json": "an answer to a write, which tells no record",
        "nango/delete-file-or-folder.json": "an answer to a write, which tells no record",
        "nango/download-file.json": "the content of a file",
        "nango/get-file-temporary-link.json": "an address for a file's content",
        "nango/list-file-revisions.json": "data that no stream reads",
        "nango/list-shared-folders.json": "data that no stream reads",
        "nango/list-shared-links.json": "data that no stream reads",
        "nango/move-file-or-folder.json": "an answer to a write, which tells no record",
        "nango/restore-file-revision.json": "an answer to a write, which tells no record",
        "nango/search-files-and-folders.json": "a search: what it finds is in the stream of entries",
        "nango/share-folder.json": "an answer to a write, which tells no record",
    },
    judge=Judge(
        document=Specified(platform="dropbox"),
        undeclared={r"POST /oauth2/token": "the token endpoint is told in the OAuth guide"},
    ),
)
