"""Columns that no record of the sandbox fills, each with the reason. Any other column without a value is a typo."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_RENAMED: Final = "the name of 2026, sent where the setting `fields_parameter` asks for it"
_SENT_NEVER: Final = "the sandbox's audiences have neither sent nor lost anyone"
_NOT_SHARED: Final = "the sandbox's account shares no folder"
_NEVER_ENDS: Final = "only set where it was asked for at creation"
_NOT_SIMULATED: Final = "the sandbox leaves it out or null"

UNRESOLVED: Final[Mapping[tuple[str, str], Mapping[str, str]]] = {
    ("dropbox", "entries"): {"shared_folder_id": _NOT_SHARED, "parent_shared_folder_id": _NOT_SHARED},
    ("dropbox", "space_usage"): {"team_used": "the sandbox's account is in no team"},
    ("mailchimp", "audiences"): {"campaign_last_sent": _SENT_NEVER, "last_unsub_date": _SENT_NEVER},
    ("openai", "files"): {"expires_at": _NEVER_ENDS},
    ("openai", "vector_stores"): {"expires_at": _NEVER_ENDS},
    ("openai", "batches"): {
        "cancelled_at": "nobody cancels in the sandbox",
        "error_file_id": _NOT_SIMULATED,
        "metadata": _NOT_SIMULATED,
    },
    ("openai", "fine_tuning_jobs"): {"validation_file": _NOT_SIMULATED, "estimated_finish": _NOT_SIMULATED},
    ("openai", "users"): {"is_service_account": _NOT_SIMULATED, "api_key_last_used_at": _NOT_SIMULATED},
    ("x", "account"): {"post_count": _RENAMED},
    ("x", "followers"): {"post_count": _RENAMED},
    ("x", "posts"): {"repost_count": _RENAMED, "edit_history_post_ids": _RENAMED},
    ("x", "mentions"): {"repost_count": _RENAMED, "edit_history_post_ids": _RENAMED},
}
