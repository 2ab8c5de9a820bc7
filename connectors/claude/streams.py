"""What is read of Claude: what a workspace holds with its key, what the organization used with an admin key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from connectors.claude.writes import BATCH_WRITE, FILE_WRITE, FILES_BETA
from connectors.sdk.base import Stream, Version
from connectors.sdk.buckets import BucketTimes, bucket_stream, group_key
from connectors.sdk.streams import Ask, last_id, present_records, token_stream, value_of, with_members
from connectors.sdk.windows import window_stream
from core.http import JSON, Params, Request, Response
from core.model import Column, Context

VERSION: Final = Version(name="2023-06-01", read=date(2026, 11, 23))
WORKSPACE_KEY: Final = "api_key"
ADMIN_KEY: Final = "admin_key"
_ORGANIZATION: Final = "organizations/"


def _get(path: str, params: Params, headers: Mapping[str, str] | None = None) -> Ask:
    return lambda context: Request(path=f"/v1/{path}", params=params, headers=headers or {})


def _list(name: str, ask: Ask, columns: tuple[Column, ...], about: str, method: str, **more: Any) -> Stream:
    return token_stream(
        name=name,
        ask=ask,
        records="data",
        next_token=last_id(),
        token_param="after_id",
        columns=columns,
        methods=(method,),
        about=about,
        **more,
    )


def _texts(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name=name) for name in names)


def _integers(*names: str, **paths: str) -> tuple[Column, ...]:
    places = {**{name: name for name in names}, **paths}
    return tuple(Column(name=name, type="integer", path=path, minimum=0) for name, path in places.items())


def _times(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name=name, type="timestamp") for name in names)


_ID: Final = Column(name="id", required=True)
_CREATED: Final = Column(name="created_at", type="timestamp", required=True)

MODELS: Final = _list(
    "models",
    _get("models", {"limit": 1000}),
    (
        _ID,
        *_texts("display_name"),
        *_times("created_at"),
        *_integers("max_input_tokens", "max_tokens"),
        Column(name="capabilities", type="json"),
    ),
    "The models that the key may use.",
    WORKSPACE_KEY,
)
MESSAGE_BATCHES: Final = _list(
    "message_batches",
    _get("messages/batches", {"limit": 100}),
    (
        _ID,
        Column(name="processing_status", required=True),
        *_integers(
            requests_processing="request_counts/processing",
            requests_succeeded="request_counts/succeeded",
            requests_errored="request_counts/errored",
            requests_canceled="request_counts/canceled",
            requests_expired="request_counts/expired",
        ),
        _CREATED,
        *_times("expires_at", "ended_at", "archived_at", "cancel_initiated_at"),
        *_texts("results_url"),
        Column(name="requests", type="json", about="Only written: what a batch is begun with, which it does not tell."),
    ),
    "The message batches of the workspace.",
    WORKSPACE_KEY,
    write=BATCH_WRITE,
)
FILES: Final = _list(
    "files",
    _get("files", {"limit": 1000}, FILES_BETA),
    (
        _ID,
        *_texts("filename", "mime_type"),
        *_integers("size_bytes"),
        _CREATED,
        Column(name="downloadable", type="boolean"),
        Column(name="scope_id", path="scope/id"),
        Column(name="scope_type", path="scope/type"),
    ),
    "The files of the workspace.",
    WORKSPACE_KEY,
    write=FILE_WRITE,
)
WORKSPACES: Final = _list(
    "workspaces",
    _get(f"{_ORGANIZATION}workspaces", {"limit": 1000, "include_archived": True}),
    (
        _ID,
        *_texts("name", "display_color"),
        _CREATED,
        *_times("archived_at"),
    ),
    "The workspaces of the organization, archived ones too; the default one is not among them.",
    ADMIN_KEY,
)
USERS: Final = _list(
    "users",
    _get(f"{_ORGANIZATION}users", {"limit": 1000}),
    (_ID, *_texts("name", "email", "role"), *_times("added_at")),
    "The members of the organization.",
    ADMIN_KEY,
)
API_KEYS: Final = _list(
    "api_keys",
    _get(f"{_ORGANIZATION}api_keys", {"limit": 1000}),
    (
        _ID,
        *_texts("name", "status", "workspace_id", "partial_key_hint"),
        Column(name="created_by_id", path="created_by/id"),
        Column(name="created_by_type", path="created_by/type"),
        *_times("created_at", "expires_at"),
    ),
    "The API keys of the organization. What opens anything is not among what is told.",
    ADMIN_KEY,
)

_TIMES: Final = BucketTimes(begin="starting_at", end="ending_at", text=True)
_USED_BY: Final = ("workspace_id", "api_key_id", "model", "service_tier", "context_window")
USAGE_MESSAGES: Final = bucket_stream(
    name="usage_messages",
    ask=_get(f"{_ORGANIZATION}usage_report/messages", {}),
    times=_TIMES,
    group_by=_USED_BY,
    size=31,
    columns=(
        *_integers(
            "uncached_input_tokens",
            "cache_read_input_tokens",
            "output_tokens",
            cache_creation_1h_input_tokens="cache_creation/ephemeral_1h_input_tokens",
            cache_creation_5m_input_tokens="cache_creation/ephemeral_5m_input_tokens",
            web_search_requests="server_tool_use/web_search_requests",
        ),
        *_texts(*_USED_BY),
    ),
    methods=(ADMIN_KEY,),
    about="Tokens per day, workspace, key, model, tier and context window. Without a workspace: the default one.",
)


def _in_whole_units(result: bytes) -> dict[str, JSON]:
    """The amount is told in the lowest unit of its currency, as a decimal text. Raises nothing: one that is no number
    stays as it is, and is quarantined for it."""
    try:
        return {"amount_value": float(Decimal(str(value_of(result, "amount"))) / 100)}
    except InvalidOperation:
        return {}


COSTS: Final = bucket_stream(
    name="costs",
    ask=_get(f"{_ORGANIZATION}cost_report", {}),
    times=_TIMES,
    group_by=("workspace_id", "description"),
    size=31,
    computed=_in_whole_units,
    columns=(
        Column(name="amount", type="number", required=True, about="In the currency's lowest unit, such as cents."),
        Column(name="amount_value", type="number", about="Whole currency units."),
        Column(name="amount_currency", path="currency", required=True),
        *_texts("description", "workspace_id", "cost_type", "token_type", "model", "service_tier", "context_window"),
    ),
    methods=(ADMIN_KEY,),
    about="What was charged, per day, workspace and description. Priority Tier is not in it.",
)

_WHO: Final = ("actor/type", "actor/email_address", "actor/api_key_name", "terminal_type", "customer_type")


def _of_one_day(response: Response, context: Context) -> list[bytes]:
    return [
        with_members(record, {"day": str(value_of(record, "date"))[:10], "group_key": group_key(record, _WHO)})
        for record in present_records(response, "data")
    ]


def _ask_for_day(context: Context, begin: date, end: date) -> Request:
    path = f"/v1/{_ORGANIZATION}usage_report/claude_code"
    return Request(path=path, params={"starting_at": begin.isoformat(), "limit": 1000})


def _next_page(response: Response, records: Sequence[bytes], asked: Request) -> JSON:
    token = response.get("next_page")
    return str(token) if token is not None and response.get("has_more") is True else None


CLAUDE_CODE_USAGE: Final = window_stream(
    name="claude_code_usage",
    ask=_ask_for_day,
    cut=_of_one_day,
    next_token=_next_page,
    days=1,
    still_changing=0,
    day_column="day",
    key=("day", "group_key"),
    columns=(
        Column(name="day", type="date", required=True),
        Column(name="group_key", required=True, about="Whose use it is, where and how, as a JSON list."),
        Column(name="actor_type", path="actor/type"),
        Column(name="actor_email", path="actor/email_address"),
        Column(name="actor_api_key_name", path="actor/api_key_name"),
        *_texts("organization_id", "customer_type", "subscription_type", "terminal_type"),
        *_integers(
            sessions="core_metrics/num_sessions",
            lines_added="core_metrics/lines_of_code/added",
            lines_removed="core_metrics/lines_of_code/removed",
            commits="core_metrics/commits_by_claude_code",
            pull_requests="core_metrics/pull_requests_by_claude_code",
            edits_accepted="tool_actions/edit_tool/accepted",
            edits_rejected="tool_actions/edit_tool/rejected",
            writes_accepted="tool_actions/write_tool/accepted",
            writes_rejected="tool_actions/write_tool/rejected",
        ),
        Column(name="model_breakdown", type="json", about="Tokens and estimated cost in cents, by model."),
    ),
    methods=(ADMIN_KEY,),
    about="What Claude Code did, per day and person or key.",
)

STREAMS: Final = (
    MODELS,
    MESSAGE_BATCHES,
    FILES,
    WORKSPACES,
    USERS,
    API_KEYS,
    USAGE_MESSAGES,
    COSTS,
    CLAUDE_CODE_USAGE,
)
