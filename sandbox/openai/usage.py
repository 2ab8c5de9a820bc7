"""Usage and costs of the organization in buckets of time.

Every use is counted in cells (project, user, key, model, …). What a cell used by an instant of a day follows the
hours of work, so that hours sum up to their day; the last days still grow, as late reports come in.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from sandbox.openai.dialect import Invalid, identity, number, one_of, problems, several
from sandbox.openai.organization import Organization
from sandbox.platform import Call, Reply
from sandbox.world import World, mix, number_of

DAY, HOUR, MINUTE = 86_400, 3600, 60
WIDTHS: Mapping[str, tuple[int, int, int]] = {  # seconds, buckets by default, at most
    "1d": (DAY, 7, 31),
    "1h": (HOUR, 24, 168),
    "1m": (MINUTE, 60, 1440),
}
SETTLED = 3 * DAY  # after this long a bucket no longer changes
_HOURS = (0, 0, 0, 0, 0, 0, 1, 3, 6, 9, 10, 10, 8, 9, 10, 9, 8, 6, 4, 3, 2, 1, 1, 0)  # when the day's work is done
BY_CALLER = ("project_id", "user_id", "api_key_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One sort of use: the name of its results, what is counted (share of the level), what it can be grouped by."""

    result: str
    measures: Mapping[str, float]
    groups: tuple[str, ...]
    level: float
    models: tuple[str, ...] = ()


KINDS: Mapping[str, Kind] = {
    "completions": Kind(
        result="completions",
        measures={
            "input_tokens": 1000,
            "input_cached_tokens": 200,
            "input_cache_write_tokens": 50,
            "input_uncached_tokens": 750,
            "output_tokens": 250,
            "input_text_tokens": 1000,
            "output_text_tokens": 250,
            "input_cached_text_tokens": 200,
            "input_audio_tokens": 0,
            "input_cached_audio_tokens": 0,
            "output_audio_tokens": 0,
            "input_image_tokens": 0,
            "input_cached_image_tokens": 0,
            "output_image_tokens": 0,
            "num_model_requests": 1,
        },
        groups=(*BY_CALLER, "model", "batch", "service_tier"),
        level=60,
        models=("gpt-5", "gpt-5-mini", "gpt-5.5"),
    ),
    "embeddings": Kind(
        result="embeddings",
        measures={"input_tokens": 400, "num_model_requests": 1},
        groups=(*BY_CALLER, "model"),
        level=30,
        models=("text-embedding-3-small",),
    ),
    "moderations": Kind(
        result="moderations",
        measures={"input_tokens": 120, "num_model_requests": 1},
        groups=(*BY_CALLER, "model"),
        level=12,
        models=("omni-moderation-latest",),
    ),
    "images": Kind(
        result="images",
        measures={"images": 2, "num_model_requests": 1},
        groups=(*BY_CALLER, "model", "size", "source"),
        level=3,
        models=("gpt-image-1",),
    ),
    "audio_speeches": Kind(
        result="audio_speeches",
        measures={"characters": 300, "num_model_requests": 1},
        groups=(*BY_CALLER, "model"),
        level=2,
        models=("tts-1",),
    ),
    "audio_transcriptions": Kind(
        result="audio_transcriptions",
        measures={"seconds": 90, "num_model_requests": 1},
        groups=(*BY_CALLER, "model"),
        level=4,
        models=("whisper-1",),
    ),
    "vector_stores": Kind(result="vector_stores", measures={"usage_bytes": 90_000}, groups=("project_id",), level=20),
    "code_interpreter_sessions": Kind(
        result="code_interpreter_sessions", measures={"num_sessions": 1}, groups=("project_id",), level=3
    ),
    "file_search_calls": Kind(
        result="file_searches", measures={"num_requests": 1}, groups=(*BY_CALLER, "vector_store_id"), level=8
    ),
    "web_search_calls": Kind(
        result="web_searches",
        measures={"num_model_requests": 1, "num_requests": 2},
        groups=(*BY_CALLER, "model", "context_level"),
        level=6,
        models=("gpt-5",),
    ),
}
PRICES = {"input": 1.25e-6, "output": 10e-6}  # US dollars a token
Cell = Mapping[str, Any]
Results = Callable[[int, int], list[dict[str, Any]]]


class Usage:
    def __init__(self, world: World, organization: Organization) -> None:
        self.world = world
        self.organization = organization
        self._kept: dict[tuple[str, int], list[Cell]] = {}

    # The two pages

    def usage(self, call: Call) -> dict[str, Any] | Reply:
        kind = KINDS.get(call.args["kind"])
        if kind is None:
            return problems.not_found(call)
        width, default, most = WIDTHS[one_of(call, "bucket_width", tuple(WIDTHS), "1d")]
        groups = self._groups(call, kind.groups)
        wanted: dict[str, list[Any]] = {name: several(call, f"{name}s") for name in kind.groups}
        wanted["batch"] = [one.lower() == "true" for one in several(call, "batch")]

        def results(begin: int, end: int) -> list[dict[str, Any]]:
            sums: dict[tuple[Any, ...], dict[str, int]] = {}
            for cell in self._cells(kind, begin):
                if any(values and cell.get(name) not in values for name, values in wanted.items()):
                    continue
                done = self._done(kind, cell, begin, end)
                if not done:
                    continue
                group = sums.setdefault(tuple(cell.get(name) for name in groups), dict.fromkeys(kind.measures, 0))
                for name, factor in kind.measures.items():
                    group[name] += int(done * factor)
            named = f"organization.usage.{kind.result}.result"
            nothing = dict.fromkeys(kind.groups)
            return [
                {"object": named, **measured, **nothing, **dict(zip(groups, values, strict=True))}
                for values, measured in sums.items()
            ]

        return self._page(call, width, number(call, "limit", default, most), results)

    def costs(self, call: Call) -> dict[str, Any]:
        """Whole days of completions, priced; a line item is a model and a direction."""
        one_of(call, "bucket_width", ("1d",), "1d")
        groups = self._groups(call, ("project_id", "line_item", "api_key_id"))
        wanted = {"project_id": several(call, "project_ids"), "api_key_id": several(call, "api_key_ids")}
        kind = KINDS["completions"]

        def results(begin: int, end: int) -> list[dict[str, Any]]:
            sums: dict[tuple[Any, ...], tuple[float, float]] = {}
            for cell in self._cells(kind, begin):
                if any(values and cell.get(name) not in values for name, values in wanted.items()):
                    continue
                done = self._done(kind, cell, begin, end)
                if not done:
                    continue
                for direction, price in PRICES.items():
                    line = {**cell, "line_item": f"{cell['model']}, {direction}"}
                    tokens = int(done * kind.measures[f"{direction}_tokens"])
                    key = tuple(line.get(name) for name in groups)
                    value, quantity = sums.get(key, (0.0, 0.0))
                    sums[key] = (value + tokens * price, quantity + tokens)
            return [
                {
                    "object": "organization.costs.result",
                    "amount": {"value": round(value, 6), "currency": "usd"},
                    **dict.fromkeys(("project_id", "line_item", "api_key_id")),
                    **dict(zip(groups, values, strict=True)),
                    "quantity": quantity if "line_item" in groups else None,
                    "quantity_unit": "tokens" if "line_item" in groups else None,
                }
                for values, (value, quantity) in sums.items()
            ]

        return self._page(call, DAY, number(call, "limit", 7, 180), results)

    def _page(self, call: Call, width: int, limit: int, results: Results) -> dict[str, Any]:
        """Buckets from start_time (inclusive) to end_time (exclusive, now by default); an idle one has no results."""
        if not call.param("start_time"):
            raise Invalid("start_time", "Missing required parameter: 'start_time'.", "missing_required_parameter")
        now = int(self.world.clock.seconds())
        start = number(call, "start_time", 0, 10**11, least=0)
        end = min(number(call, "end_time", now, 10**11, least=0), now)
        page = call.param("page")
        begin = _place(page) if page else start // width * width
        data: list[dict[str, Any]] = []
        while begin < end and len(data) < limit:
            data.append(
                {
                    "object": "bucket",
                    "start_time": begin,
                    "end_time": begin + width,
                    "results": results(begin, min(begin + width, now)),
                }
            )
            begin += width
        more = begin < end
        return {"object": "page", "data": data, "has_more": more, "next_page": _token(begin) if more else None}

    def _groups(self, call: Call, allowed: tuple[str, ...]) -> list[str]:
        groups = several(call, "group_by")
        for one in groups:
            if one not in allowed:
                values = ", ".join(f"'{name}'" for name in allowed)
                raise Invalid("group_by", f"Invalid value: '{one}'. Supported values are: {values}.")
        return groups

    # What was used

    def _cells(self, kind: Kind, instant: int) -> list[Cell]:
        """Who used what on a day: projects and users of its morning with a key each, models, and the finer kinds."""
        morning = instant // DAY * DAY * 1000
        if (kind.result, morning) not in self._kept:
            self._kept[kind.result, morning] = self._made(kind, morning)
        return self._kept[kind.result, morning]

    def _made(self, kind: Kind, morning: int) -> list[Cell]:
        models: tuple[str | None, ...] = kind.models or (None,)
        projects, users = self.organization.projects_at(morning), self.organization.users_at(morning)
        cells: list[Cell] = []
        for project, user, model in product(projects, users, models):
            bits = mix(self.world.seed, number_of(kind.result), project, user, number_of(model or ""))
            if bits % 3 == 0:
                continue
            cells.append(
                {
                    "project_id": identity("project", project),
                    "user_id": identity("user", user),
                    "api_key_id": identity("key", 16 + project * 4096 + user),
                    "model": model,
                    "batch": bits >> 8 & 3 == 0,
                    "service_tier": "flex" if bits >> 10 & 3 == 0 else "default",
                    "size": "1024x1024",
                    "source": "image.generation",
                    "vector_store_id": identity("store", bits % 6),
                    "context_level": ("low", "medium", "high")[bits % 3],
                }
            )
        return cells

    def _done(self, kind: Kind, cell: Cell, begin: int, end: int) -> int:
        """Requests of a cell between two instants, as far as they have been reported by now."""
        day = begin // DAY * DAY
        name = f"openai {kind.result} {cell['project_id']} {cell['user_id']} {cell['model']}"
        index = (day * 1000 - self.world.start_ms) // (DAY * 1000)
        level = kind.level * (1 + self.world.scale / 500)
        total = self.world.daily(name, index, level=level)
        done = _by(total, end - day) - _by(total, begin - day)
        age = max(0, int(self.world.clock.seconds()) - end)
        return done if age >= SETTLED else done * (4 * SETTLED + age) // (5 * SETTLED)


def _by(total: int, second: int) -> int:
    """How much of a day's total is done by this second of it."""
    hour, rest = divmod(min(second, DAY), HOUR)
    worked = sum(_HOURS[:hour]) + (_HOURS[hour] * rest / HOUR if hour < 24 else 0)
    return int(total * worked / sum(_HOURS))


def _token(begin: int) -> str:
    return "page_" + urlsafe_b64encode(f"begin:{begin}".encode()).decode()


def _place(token: str) -> int:
    try:
        return int(urlsafe_b64decode(token.removeprefix("page_")).decode().removeprefix("begin:"))
    except (Base64Error, ValueError) as wrong:
        raise Invalid("page", f"Invalid 'page': '{token}'.") from wrong
