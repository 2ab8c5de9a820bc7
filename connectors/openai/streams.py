"""What is read of OpenAI: what a project holds with its key, what the organization used and paid with an admin key."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from connectors.openai.writes import BATCH_WRITE, FILE_WRITE, own_headers
from connectors.sdk.base import Stream, Version
from connectors.sdk.buckets import bucket_stream
from connectors.sdk.streams import Ask, last_id, token_stream
from core.http import Params, Request
from core.model import Column, ColumnType, Context

VERSION: Final = Version(name="v1", read=date(2026, 11, 23))
PROJECT_KEY: Final = "api_key"
ADMIN_KEY: Final = "admin_key"
_ORGANIZATION: Final = "organization/"


def _get(path: str, params: Params) -> Ask:
    def ask(context: Context) -> Request:
        return Request(path=f"/v1/{path}", params=params, headers=own_headers(context.settings))

    return ask


def _list(name: str, path: str, params: Params, columns: tuple[Column, ...], about: str, **more: Any) -> Stream:
    return token_stream(
        name=name,
        ask=_get(path, params),
        records="data",
        next_token=last_id(),
        token_param="after",
        columns=columns,
        methods=(ADMIN_KEY,) if path.startswith(_ORGANIZATION) else (PROJECT_KEY,),
        about=about,
        **more,
    )


def _texts(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name=name) for name in names)


def _integers(*names: str, **paths: str) -> tuple[Column, ...]:
    places = {**{name: name for name in names}, **paths}
    return tuple(Column(name=name, type="integer", path=path, minimum=0) for name, path in places.items())


def _times(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name=name, type="epoch") for name in names)


_ID: Final = Column(name="id", required=True)
_CREATED: Final = Column(name="created_at", type="epoch", required=True)

MODELS: Final = _list(
    "models",
    "models",
    {},
    (_ID, *_times("created"), Column(name="owned_by"), Column(name="shutdown_date", type="date")),
    "The models that the key may use.",
)
FILES: Final = _list(
    "files",
    "files",
    {"limit": 1000, "order": "asc"},
    (_ID, *_texts("filename", "purpose", "status"), *_integers("bytes"), _CREATED, *_times("expires_at")),
    "The files of the project.",
    write=FILE_WRITE,
)
# Neither can be deleted, so what a list leaves out is old, not gone.
BATCHES: Final = _list(
    "batches",
    "batches",
    {"limit": 100},
    (
        _ID,
        *_texts("endpoint", "model"),
        Column(name="status", required=True),
        *_texts("input_file_id", "output_file_id", "error_file_id", "completion_window"),
        *_integers(requests_total="request_counts/total", requests_completed="request_counts/completed"),
        *_integers(requests_failed="request_counts/failed"),
        *_integers(input_tokens="usage/input_tokens", output_tokens="usage/output_tokens"),
        _CREATED,
        *_times("in_progress_at", "completed_at", "failed_at", "expired_at", "cancelled_at", "expires_at"),
        Column(name="metadata", type="json"),
    ),
    "The batch jobs of the project.",
    sweep=False,
    write=BATCH_WRITE,
)
FINE_TUNING_JOBS: Final = _list(
    "fine_tuning_jobs",
    "fine_tuning/jobs",
    {"limit": 100},
    (
        _ID,
        *_texts("model", "fine_tuned_model"),
        Column(name="status", required=True),
        *_texts("training_file", "validation_file"),
        *_integers("trained_tokens"),
        Column(name="error_message", path="error/message"),
        _CREATED,
        *_times("finished_at", "estimated_finish"),
        Column(name="metadata", type="json"),
    ),
    "The fine-tuning jobs of the project.",
    sweep=False,
)
VECTOR_STORES: Final = _list(
    "vector_stores",
    "vector_stores",
    {"limit": 100, "order": "asc"},
    (
        _ID,
        *_texts("name", "status"),
        *_integers("usage_bytes", files_total="file_counts/total", files_failed="file_counts/failed"),
        _CREATED,
        *_times("last_active_at", "expires_at"),
        Column(name="metadata", type="json"),
    ),
    "The vector stores of the project.",
)
PROJECTS: Final = _list(
    "projects",
    f"{_ORGANIZATION}projects",
    {"limit": 100, "include_archived": "true"},
    (_ID, *_texts("name", "status"), _CREATED, *_times("archived_at")),
    "The projects of the organization, archived ones too.",
)
USERS: Final = _list(
    "users",
    f"{_ORGANIZATION}users",
    {"limit": 100},
    (
        _ID,
        *_texts("name", "email", "role"),
        Column(name="is_service_account", type="boolean"),
        *_times("added_at", "api_key_last_used_at"),
    ),
    "The members of the organization.",
)
ADMIN_KEYS: Final = _list(
    "admin_api_keys",
    f"{_ORGANIZATION}admin_api_keys",
    {"limit": 100, "order": "asc"},
    (
        _ID,
        *_texts("name", "redacted_value"),
        Column(name="owner_name", path="owner/name"),
        Column(name="owner_type", path="owner/type"),
        Column(name="owner_role", path="owner/role"),
        *_times("created_at", "last_used_at"),
    ),
    "The admin keys of the organization, shortened as OpenAI shows them, with their last use.",
)

_OTHER_TYPES: Final[Mapping[str, ColumnType]] = {"batch": "boolean"}


def _usage(kind: str, groups: tuple[str, ...], figures: tuple[str, ...], about: str) -> Stream:
    return bucket_stream(
        name=f"usage_{kind}",
        ask=_get(f"{_ORGANIZATION}usage/{kind}", {}),
        group_by=groups,
        size=7,
        columns=(
            *_integers(*figures),
            *(Column(name=group, type=_OTHER_TYPES.get(group, "text")) for group in groups),
        ),
        methods=(ADMIN_KEY,),
        about=about,
    )


_BY_MODEL: Final = ("project_id", "api_key_id", "model")
_USAGE: Final = (
    _usage(
        "completions",
        (*_BY_MODEL, "batch"),
        (
            "input_tokens",
            "input_cached_tokens",
            "input_cache_write_tokens",
            "input_audio_tokens",
            "output_tokens",
            "output_audio_tokens",
            "num_model_requests",
        ),
        "Tokens of completions and responses, per day, project, key and model.",
    ),
    _usage("embeddings", _BY_MODEL, ("input_tokens", "num_model_requests"), "Tokens embedded."),
    _usage("moderations", _BY_MODEL, ("input_tokens", "num_model_requests"), "Tokens moderated."),
    _usage("images", (*_BY_MODEL, "size", "source"), ("images", "num_model_requests"), "Images made."),
    _usage("audio_speeches", _BY_MODEL, ("characters", "num_model_requests"), "Characters spoken."),
    _usage("audio_transcriptions", _BY_MODEL, ("seconds", "num_model_requests"), "Seconds transcribed."),
    _usage("vector_stores", ("project_id",), ("usage_bytes",), "Bytes in vector stores."),
    _usage("code_interpreter_sessions", ("project_id",), ("num_sessions",), "Sessions of the code interpreter."),
    _usage(
        "file_search_calls", ("project_id", "api_key_id", "vector_store_id"), ("num_requests",), "Searches in files."
    ),
    _usage(
        "web_search_calls",
        (*_BY_MODEL, "context_level"),
        ("num_requests", "num_model_requests"),
        "Searches in the web.",
    ),
)
COSTS: Final = bucket_stream(
    name="costs",
    ask=_get(f"{_ORGANIZATION}costs", {}),
    group_by=("project_id", "line_item"),
    size=31,
    columns=(
        Column(name="amount_value", type="number", path="amount/value", required=True, about="Whole currency units."),
        Column(name="amount_currency", path="amount/currency", required=True),
        *_texts("line_item", "project_id"),
        Column(name="quantity", type="number"),
        Column(name="quantity_unit"),
    ),
    methods=(ADMIN_KEY,),
    about="What was charged, per day, project and line item.",
)
STREAMS: Final = (
    MODELS,
    FILES,
    BATCHES,
    FINE_TUNING_JOBS,
    VECTOR_STORES,
    PROJECTS,
    USERS,
    ADMIN_KEYS,
    *_USAGE,
    COSTS,
)
