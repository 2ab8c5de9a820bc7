"""What servers tell of themselves: llama.cpp's slots, metrics for Prometheus, LiteLLM's spending by day."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sandbox.custom_ai.models import Models
from sandbox.platform import Call, Reply, json_reply, text_reply
from sandbox.world import World, mix

SLOTS = 4
METRICS_KIND = "text/plain; version=0.0.4; charset=utf-8"


class Watching:
    def __init__(self, world: World, models: Models) -> None:
        self.world = world
        self.models = models

    def slots(self, call: Call) -> list[dict[str, Any]]:
        minute = self.world.clock.ms() // 60_000
        busy = [mix(self.world.seed, number, minute, 4) % 3 == 0 for number in range(SLOTS)]
        return [
            {
                "id": number,
                "id_task": minute % 1000 + number if busy[number] else -1,
                "n_ctx": 8192,
                "speculative": False,
                "is_processing": busy[number],
                "params": {"temperature": 0.8, "n_predict": -1},
            }
            for number in range(SLOTS)
        ]

    def metrics(self, call: Call) -> Reply:
        done = self.world.total("custom_ai requests", base=40_000, level=900)
        label = 'model_name="sandbox/large"'
        lines = [
            "# HELP vllm:num_requests_running Number of requests currently running on GPU.",
            "# TYPE vllm:num_requests_running gauge",
            f"vllm:num_requests_running{{{label}}} {float(done % 7)}",
            "# HELP vllm:prompt_tokens_total Number of prefill tokens processed.",
            "# TYPE vllm:prompt_tokens_total counter",
            f"vllm:prompt_tokens_total{{{label}}} {done * 812.0:.6g}",
            "# HELP vllm:time_to_first_token_seconds Histogram of time to first token in seconds.",
            "# TYPE vllm:time_to_first_token_seconds histogram",
            f'vllm:time_to_first_token_seconds_bucket{{le="0.5",{label}}} {float(done * 3 // 4)}',
            f'vllm:time_to_first_token_seconds_bucket{{le="+Inf",{label}}} {float(done)}',
            f"vllm:time_to_first_token_seconds_count{{{label}}} {float(done)}",
            f"vllm:time_to_first_token_seconds_sum{{{label}}} {done * 0.31}",
            "# HELP llamacpp:kv_cache_usage_ratio KV-cache usage. 1 means 100 percent usage.",
            "# TYPE llamacpp:kv_cache_usage_ratio gauge",
            "llamacpp:kv_cache_usage_ratio NaN",
        ]
        return text_reply("\n".join(lines) + "\n", kind=METRICS_KIND)

    def spend(self, call: Call) -> Any:
        """Days from start_date to end_date; the last of them only as far as midnight, where it begins."""
        days = [call.param("start_date"), call.param("end_date")]
        if not all(re.fullmatch(r"\d{4}-\d\d-\d\d", day) for day in days):
            return json_reply({"detail": [{"loc": ["query"], "msg": "Field required"}]}, status=422)
        day, end = (date.fromisoformat(one) for one in days)
        found: list[dict[str, Any]] = []
        while day < end and day <= self.world.clock.now().date():
            found.append(self._day(day))
            day += timedelta(days=1)
        return found

    def _day(self, day: date) -> dict[str, Any]:
        morning = datetime(day.year, day.month, day.day, tzinfo=UTC)
        part = min(1.0, max(0.0, (self.world.clock.now() - morning) / timedelta(days=1)))
        cents = int(part * self.world.daily("custom_ai spend", self.world.day(morning), level=300))
        return {
            "startTime": day.isoformat(),
            "spend": cents / 100,
            "models": {"gateway/fast": cents / 100},
            "users": {"default_user_id": cents / 100},
        }
