"""Usage and costs of the organization in buckets of time, and what Claude Code did, day by day.

Source: platform.claude.com/docs/en/api/admin-api/usage-cost. Whatever is not grouped by is null; what was used shows
five minutes later. Within a day the use is spread evenly.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import product
from typing import Any

from sandbox import people
from sandbox.claude.dialect import ORGANIZATION, Invalid, identity, moment, number, stamp
from sandbox.claude.organization import Organization
from sandbox.platform import Call
from sandbox.world import World, mix, number_of

MINUTE, HOUR, DAY = 60, 3600, 86_400
WIDTHS: Mapping[str, tuple[int, int, int]] = {  # seconds, buckets by default, at most
    "1d": (DAY, 7, 31),
    "1h": (HOUR, 24, 168),
    "1m": (MINUTE, 60, 1440),
}
LATE = 300
MODELS = ("claude-haiku-4-5-20251001", "claude-sonnet-4-6", "claude-opus-4-7")
GROUPS = ("account_id", "api_key_id", "context_window", "inference_geo", "model", "service_account_id", "service_tier",
          "speed", "workspace_id")  # fmt: skip
FILTERS = {"models": "model", "api_key_ids": "api_key_id", "workspace_ids": "workspace_id",
           "service_tiers": "service_tier", "context_window": "context_window"}  # fmt: skip
PRICES = {"uncached_input_tokens": 300, "output_tokens": 1500}  # cents a million tokens
TERMINALS = ("vscode", "iTerm.app", "tmux")
Cell = Mapping[str, Any]
Results = Callable[[int, int], list[dict[str, Any]]]


class Usage:
    def __init__(self, world: World, organization: Organization) -> None:
        self.world = world
        self.organization = organization

    def messages(self, call: Call) -> dict[str, Any]:
        width, default, most = WIDTHS.get(call.param("bucket_width", "1d"), (0, 0, 0))
        if not width:
            raise Invalid("bucket_width: Input should be '1d', '1h' or '1m'")
        groups = _groups(call, GROUPS)
        wanted = {member: call.params_of(f"{name}[]") for name, member in FILTERS.items()}

        def results(begin: int, end: int) -> list[dict[str, Any]]:
            sums: dict[tuple[Any, ...], int] = {}
            for cell in self._cells(begin):
                if any(values and cell[member] not in values for member, values in wanted.items()):
                    continue
                used = self._used(cell, begin, end)
                key = tuple(cell.get(name) for name in groups)
                if used:
                    sums[key] = sums.get(key, 0) + used
            return [_used_result(dict(zip(groups, key, strict=True)), used) for key, used in sums.items()]

        return self._page(call, width, number(call, "limit", default, most), results)

    def costs(self, call: Call) -> dict[str, Any]:
        if call.param("bucket_width", "1d") != "1d":
            raise Invalid("bucket_width: Input should be '1d'")
        groups = _groups(call, ("workspace_id", "description"))

        def results(begin: int, end: int) -> list[dict[str, Any]]:
            sums: dict[tuple[Any, ...], tuple[Cell, str, float]] = {}
            for cell, (kind, price) in product(self._cells(begin), PRICES.items()):
                line = {**cell, "description": f"{cell['model']} Usage - {kind.replace('_', ' ').title()}"}
                cents = _tokens(self._used(cell, begin, end))[kind] * price / 1e6
                key = tuple(line[name] for name in groups)
                if cents:
                    sums[key] = (line, kind, cents + (sums[key][2] if key in sums else 0.0))
            return [_cost_result(line, kind, cents, groups) for line, kind, cents in sums.values()]

        return self._page(call, DAY, number(call, "limit", 7, 31), results)

    def claude_code(self, call: Call) -> dict[str, Any]:
        """One day, person by person."""
        day = call.param("starting_at")
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", day):
            raise Invalid("starting_at: Input should be a valid date in YYYY-MM-DD")
        begin = int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp())
        limit, start = number(call, "limit", 20, 1000), _place(call.param("page"))
        shown = [self._coder(user, begin) for user in self._coders(begin)]
        page = shown[start : start + limit]
        more = start + limit < len(shown)
        return {"data": page, "has_more": more, "next_page": _token(start + limit) if more else None}

    def _coders(self, begin: int) -> list[int]:
        if begin > self.world.clock.seconds():
            return []
        there = self.organization.users_at(begin * 1000)
        return [user for user in there if mix(self.world.seed, user, begin, 7) % 4]

    def _coder(self, user: int, begin: int) -> dict[str, Any]:
        bits = mix(self.world.seed, user, begin, 8)
        part = min(1.0, (self.world.clock.seconds() - begin) / DAY)
        added = int(part * (bits % 900))
        robot = user % 4 == 3
        actor = (
            {"type": "api_actor", "api_key_name": f"Key {user}"}
            if robot
            else {"type": "user_actor", "email_address": people.person(self.world, user).email}
        )
        tokens = {"input": 300 * added, "output": 90 * added, "cache_read": 40 * added, "cache_creation": 10 * added}
        tools = ("edit_tool", "multi_edit_tool", "write_tool", "notebook_edit_tool")
        return {
            "date": stamp(begin * 1000),
            "actor": actor,
            "organization_id": ORGANIZATION,
            "customer_type": "api" if robot else "subscription",
            "subscription_type": None if robot else "team",
            "terminal_type": TERMINALS[user % len(TERMINALS)],
            "core_metrics": {
                "num_sessions": 1 + added // 200,
                "lines_of_code": {"added": added, "removed": added // 3},
                "commits_by_claude_code": added // 150,
                "pull_requests_by_claude_code": added // 400,
            },
            "tool_actions": {tool: {"accepted": added // 12, "rejected": added // 90} for tool in tools},
            "model_breakdown": [
                {"model": MODELS[1], "tokens": tokens, "estimated_cost": {"currency": "USD", "amount": added // 4}}
            ],
        }

    # Buckets

    def _page(self, call: Call, width: int, limit: int, results: Results) -> dict[str, Any]:
        """Buckets from starting_at, snapped down, to ending_at (now by default); an idle one has no results."""
        start = moment(call, "starting_at")
        if start is None:
            raise Invalid("starting_at: Field required")
        now = int(self.world.clock.seconds())
        given = moment(call, "ending_at")
        end = min(given if given is not None else now, now)
        page = call.param("page")
        begin = _place(page) if page else start // width * width
        data: list[dict[str, Any]] = []
        while begin < end and len(data) < limit:
            over = begin + width
            told = results(begin, min(over, now - LATE))
            data.append({"starting_at": stamp(begin * 1000), "ending_at": stamp(over * 1000), "results": told})
            begin = over
        more = begin < end
        return {"data": data, "has_more": more, "next_page": _token(begin) if more else None}

    def _cells(self, instant: int) -> list[Cell]:
        """Who used what on a day: workspaces of its morning, and the default one, with a key each."""
        morning = instant // DAY * DAY * 1000
        cells: list[Cell] = []
        for workspace, model in product((None, *self.organization.workspaces_at(morning)), MODELS):
            bits = mix(self.world.seed, -1 if workspace is None else workspace, number_of(model), 9)
            if bits % 3 == 0:
                continue
            cells.append(
                {
                    "workspace_id": identity("wrkspc", workspace) if workspace is not None else None,
                    "api_key_id": identity("apikey", bits % 8) if bits % 5 else None,
                    "account_id": None,
                    "service_account_id": None,
                    "model": model,
                    "service_tier": ("standard", "batch", "priority")[bits % 7 % 3],
                    "context_window": "200k-1M" if bits % 4 == 0 else "0-200k",
                    "inference_geo": "not_available",
                    "speed": None,
                }
            )
        return cells

    def _used(self, cell: Cell, begin: int, end: int) -> int:
        """Requests of a cell between two instants of a day."""
        day = begin // DAY * DAY
        name = f"claude {cell['workspace_id']} {cell['model']}"
        index = (day * 1000 - self.world.start_ms) // (DAY * 1000)
        total = self.world.daily(name, index, level=40 * (1 + self.world.scale / 500))
        return max(0, total * (min(end, day + DAY) - day) // DAY - total * (begin - day) // DAY)


def _tokens(requests: int) -> dict[str, int]:
    return {"uncached_input_tokens": 900 * requests, "output_tokens": 300 * requests}


def _used_result(dims: Mapping[str, Any], requests: int) -> dict[str, Any]:
    creation = {"ephemeral_1h_input_tokens": 20 * requests, "ephemeral_5m_input_tokens": 60 * requests}
    return {
        **_tokens(requests),
        "cache_creation": creation,
        "cache_read_input_tokens": 400 * requests,
        "server_tool_use": {"web_search_requests": requests // 9},
        **dict.fromkeys(GROUPS),
        **dims,
    }


def _cost_result(line: Cell, kind: str, cents: float, groups: Sequence[str]) -> dict[str, Any]:
    """What a line is about is told where it is grouped by its description."""
    told = {"cost_type": "tokens", "model": line["model"], "service_tier": line["service_tier"], "token_type": kind,
            "context_window": line["context_window"], "description": line["description"]}  # fmt: skip
    return {
        "currency": "USD",
        "amount": f"{cents:.5f}",
        "workspace_id": line["workspace_id"] if "workspace_id" in groups else None,
        **(told if "description" in groups else dict.fromkeys(told)),
    }


def _groups(call: Call, allowed: Sequence[str]) -> list[str]:
    groups = call.params_of("group_by[]")
    for one in groups:
        if one not in allowed:
            raise Invalid(f"group_by: Input should be one of {', '.join(allowed)}")
    return groups


def _token(place: int) -> str:
    return "page_" + urlsafe_b64encode(f"at:{place}".encode()).decode()


def _place(token: str) -> int:
    if not token:
        return 0
    try:
        return int(urlsafe_b64decode(token.removeprefix("page_")).decode().removeprefix("at:"))
    except (Base64Error, ValueError) as wrong:
        raise Invalid("page: Invalid cursor") from wrong
