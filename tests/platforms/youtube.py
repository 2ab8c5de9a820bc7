from __future__ import annotations

from tests.platforms.told import Told
from tests.spec.discovery import Documents
from tests.spec.judging import Judge

_MOVES = "counters move for ever; those of older records are read again once a week"

TOLD = Told(
    unresolved={"videos": {"rejection_reason": "none of the sandbox's videos breaks a rule"}},
    moving={"videos": _MOVES, "comment_threads": _MOVES, "replies": _MOVES},
    leading={
        "videos": "/youtube/v3/playlistItems",
        "video_stats": "/youtube/v3/playlistItems",
        "replies": "/youtube/v3/commentThreads",
    },
    judge=Judge(
        document=Documents(
            platform="youtube",
            names=("youtube.v3.discovery.json", "youtubeAnalytics.v2.discovery.json"),
        ),
        undeclared={r"POST /token": "the token endpoint is told in the OAuth guide"},
    ),
)
