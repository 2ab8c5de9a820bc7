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
    judge=Judge(
        document=Documents(platform="google_drive", names=("drive.v3.json",)),
        undeclared={r"POST /token": "the token endpoint is told in the OAuth guide"},
    ),
)
